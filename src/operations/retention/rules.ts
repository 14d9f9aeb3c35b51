/** Rows of one kind that are of no more use, removed a few at a time. */
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
 * @param unusedClients how long a client that never redeemed a code is kept, in milliseconds
 */
export function retentionRules({ unusedClients }: { readonly unusedClients: number }): readonly RetentionRule[] {
  return [
    { table: 'authorization_requests', key: 'request_hash', condition: 'expires_at < ?', keepFor: hour },
    { table: 'authorization_codes', key: 'code_hash', condition: 'expires_at < ?', keepFor: day },
    { table: 'refresh_tokens', key: 'token_hash', condition: 'expires_at < ?', keepFor: day },
    { table: 'grants', key: 'grant_id', condition: 'expires_at < ?', keepFor: day },
    { table: 'grants', key: 'grant_id', condition: 'revoked_at < ?', keepFor: 7 * day },
    { table: 'clients', key: 'client_id', condition: "issued_at < ? AND last_used_at IS NULL AND registered_by = 'dynamic'", keepFor: unusedClients },
    { table: 'sessions', key: 'session_hash', condition: 'expires_at < ?', keepFor: 0 },
  ];
}
