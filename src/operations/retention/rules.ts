import type { Clock } from '../../core/clock.ts';
import { type Database, sql } from '../../core/database.ts';
import { longestBundleDays } from '../../oauth/client-metadata/bundle.ts';
import type { RetentionTask } from './retention.ts';

/** Rows of one table that lapse with time. */
export interface RetentionRule {
  readonly table: string;
  readonly key: string;
  /** SQL condition with one placeholder: the time before which rows have lapsed. */
  readonly condition: string;
  /** How long rows are kept after they lapsed, in milliseconds. */
  readonly keepFor: number;
}

const hour = 3_600_000;
const day = 24 * hour;

/**
 * What the tables shed. Spent codes and rotated tokens outlive their use by a day, so that a replay is still recognised
 * as one; grants go once nothing of theirs can be alive.
 */
export const retentionRules: readonly RetentionRule[] = [
  { table: 'authorization_requests', key: 'request_hash', condition: 'expires_at < ?', keepFor: hour },
  { table: 'pushed_requests', key: 'request_hash', condition: 'expires_at < ?', keepFor: 0 },
  { table: 'device_codes', key: 'code_hash', condition: 'expires_at < ?', keepFor: day },
  { table: 'authorization_codes', key: 'code_hash', condition: 'expires_at < ?', keepFor: day },
  { table: 'refresh_tokens', key: 'token_hash', condition: 'expires_at < ?', keepFor: day },
  { table: 'grants', key: 'grant_id', condition: 'expires_at < ?', keepFor: day },
  { table: 'grants', key: 'grant_id', condition: 'revoked_at < ?', keepFor: 7 * day },
  { table: 'spent_identifiers', key: 'identifier_hash', condition: 'expires_at < ?', keepFor: hour },
  { table: 'registration_tokens', key: 'token_id', condition: 'expires_at < ?', keepFor: day },
  { table: 'sessions', key: 'session_hash', condition: 'expires_at < ?', keepFor: 0 },
  { table: 'sign_in_failures', key: 'bucket', condition: 'expires_at < ?', keepFor: 0 },
  { table: 'client_documents', key: 'client_id', condition: 'expires_at < ?', keepFor: day },
  // Until then an older bundle of that name may still be in force, and must be known as older.
  { table: 'client_bundles', key: 'bundle', condition: 'expires_at < ?', keepFor: longestBundleDays * day },
  { table: 'setup_links', key: 'token_hash', condition: 'expires_at < ?', keepFor: 0 },
];

/** The tasks that enforce rules. */
export function tasksFor(rules: readonly RetentionRule[], database: Database, clock: Clock): readonly RetentionTask[] {
  return rules.map(({ table, key, condition, keepFor }) => ({
    name: `${table} where ${condition}`,
    remove: async (limit) => {
      const [rows] = await database.write(
        sql(
          `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${condition} LIMIT ?) RETURNING ${key}`,
          clock.now() - keepFor,
          limit,
        ),
      );
      return rows?.length ?? 0;
    },
  }));
}
