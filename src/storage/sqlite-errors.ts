import type { DatabaseErrorCode } from './errors.ts';
import { DatabaseBusyError, DatabaseError } from './errors.ts';

/** What an operator can do about each failure. */
export const hints: Readonly<Record<Exclude<DatabaseErrorCode, 'closed' | 'unsupported' | 'migration'>, string>> = {
  busy: 'another process holds the write lock; find the long transaction (a backup, a SQLite shell) and end it',
  full: 'free space on the disk that holds the database; nothing of this write was kept',
  io: 'the disk failed or refused a write; check the system log, free space and file size limits',
  readonly: 'let the user that runs this process write the database file, its -wal and -shm files and its directory',
  corrupt: 'stop the server, keep the file, and restore the last backup',
  unreachable: 'check that the path is a file, that its directory exists, and that this user may open both',
  constraint: 'the rows given contradict those stored',
  statement: 'this is a fault in the program: the statement, its values or the schema do not fit each other',
};

const codes: Readonly<Record<number, keyof typeof hints>> = {
  3: 'unreachable',
  5: 'busy',
  6: 'busy',
  7: 'io',
  8: 'readonly',
  10: 'io',
  11: 'corrupt',
  13: 'full',
  14: 'unreachable',
  19: 'constraint',
  22: 'io',
  26: 'corrupt',
};

const movedWhileOpen = 1032;

/**
 * Turns what `node:sqlite` throws into a `DatabaseError`; one that already is passes through.
 * @param sql the text that failed, if one did
 * @see https://sqlite.org/rescode.html
 */
export function sqliteError(error: unknown, sql?: string): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const { errcode, errstr, message } = error as { errcode?: number; errstr?: string; message?: string };
  const code = (errcode === undefined ? undefined : codes[errcode & 0xff]) ?? 'statement';
  const reason = message ?? errstr ?? String(error);
  const line = errcode === undefined ? `SQLite: ${reason}` : `SQLite: ${reason} (result code ${errcode})`;
  if (code === 'busy') return new DatabaseBusyError(line, { hint: hints.busy, sql, cause: error });
  const hint =
    errcode === movedWhileOpen ? 'the file was moved or replaced while open; restart the server' : hints[code];
  return new DatabaseError(code, line, { hint, sql, cause: error });
}
