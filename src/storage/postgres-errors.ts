import type { DatabaseErrorCode } from './errors.ts';
import { DatabaseBusyError, DatabaseError } from './errors.ts';

type FailureCode = Exclude<DatabaseErrorCode, 'closed' | 'unsupported' | 'migration'>;

const hints: Readonly<Record<FailureCode, string>> = {
  busy: 'PostgreSQL has more to do than it can in time; look for long transactions (pg_stat_activity) and at pool_size',
  full: 'free space on the disk of PostgreSQL; nothing of this write was kept',
  io: 'PostgreSQL failed to read or write; see its log',
  readonly: 'this PostgreSQL is a standby or was made read-only; let the address lead to the primary',
  corrupt: 'stop the servers, see the log of PostgreSQL, and restore the last backup',
  unreachable: 'check that PostgreSQL runs, that the address, user, password and certificates are right, and its log',
  constraint: 'the rows given contradict those stored',
  statement: 'this is a fault in the program: the statement, its values or the schema do not fit each other',
};

/** By SQLSTATE, or by its class, which are the first two characters. @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
const codes: Readonly<Record<string, FailureCode>> = {
  '08': 'unreachable',
  '22': 'constraint',
  '23': 'constraint',
  '25006': 'readonly',
  '28': 'unreachable',
  '3D': 'unreachable',
  '40': 'busy',
  '42501': 'unreachable',
  '53': 'io',
  '53100': 'full',
  '53300': 'busy',
  '53400': 'busy',
  '55': 'busy',
  '57': 'unreachable',
  '57014': 'busy',
  '58': 'io',
  F0: 'unreachable',
  XX: 'io',
  XX001: 'corrupt',
  XX002: 'corrupt',
};

/** What PostgreSQL answers where its order of transactions does not admit one: undone whole, and safe to run again. */
const conflicts: ReadonlySet<string> = new Set(['40001', '40P01']);

/**
 * Turns what the driver throws into a `DatabaseError`; one that already is passes through. The message says what the
 * server said, but not its `detail`, which repeats values.
 * @param sql the text that failed, if one did
 */
export function postgresError(error: unknown, sql?: string): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const state = sqlStateOf(error);
  const reason = error instanceof Error && error.message !== '' ? error.message : String(error);
  const code = state === undefined ? 'unreachable' : (codes[state] ?? codes[state.slice(0, 2)] ?? 'statement');
  const line = `PostgreSQL: ${withoutValues(reason)}${state === undefined ? '' : ` (SQLSTATE ${state})`}`;
  const options = { hint: hints[code], sql };
  return code === 'busy' ? new DatabaseBusyError(line, options) : new DatabaseError(code, line, options);
}

/** The SQLSTATE of an answer of the server; `undefined` for what happened on the way to it. */
export function sqlStateOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('severity' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether the transaction was undone for the sake of others, so that running it again is safe. */
export function isConflict(error: unknown): boolean {
  return conflicts.has(sqlStateOf(error) ?? '');
}

/** Whether the session is of no more use: lost, ended by the server, or with one that may not write any more. */
export function endsSession(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state === undefined) return true;
  return state.startsWith('08') || state.startsWith('57P') || state === '25006';
}

/** Whether the server refused before it did anything, and may do it for another connection: a standby takes over, say. */
export function isRefusedForNow(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === '25006' || state === '57P03' || state === '53300';
}

/** Whether the server has forgotten a prepared statement, or its result has other columns since a migration. */
export function isStalePlan(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === '26000' || (state === '0A000' && (error as Error).message.includes('cached plan'));
}

/** `invalid input syntax for type bigint: "…"` and its like end with what was given. */
function withoutValues(reason: string): string {
  return reason.replace(/: ".*"$/s, '');
}
