import type { Migration } from '../../core/database.ts';

export const authorizationCodeMigrations: readonly Migration[] = [
  {
    id: '0002-authorization-codes',
    statements: [
      `CREATE TABLE grants (
        grant_id TEXT PRIMARY KEY,
        client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
        subject TEXT NOT NULL,
        scopes TEXT NOT NULL,
        resource TEXT NOT NULL,
        authenticated_at BIGINT NOT NULL,
        approved_at BIGINT NOT NULL,
        redeemed_at BIGINT,
        last_used_at BIGINT,
        revoked_at BIGINT,
        revoked_because TEXT,
        generation BIGINT NOT NULL DEFAULT 0,
        rotated_at BIGINT,
        retries BIGINT NOT NULL DEFAULT 0,
        expires_at BIGINT NOT NULL
      )`,
      'CREATE INDEX grants_by_subject ON grants (subject)',
      'CREATE INDEX grants_by_client ON grants (client_id)',
      'CREATE INDEX grants_by_expiry ON grants (expires_at)',
      `CREATE TABLE authorization_codes (
        code_hash TEXT PRIMARY KEY,
        grant_id TEXT NOT NULL REFERENCES grants (grant_id) ON DELETE CASCADE,
        redirect_uri TEXT NOT NULL,
        redirect_uri_was_sent BIGINT NOT NULL,
        code_challenge TEXT NOT NULL,
        expires_at BIGINT NOT NULL,
        spent_at BIGINT,
        spent_by TEXT
      )`,
      'CREATE INDEX authorization_codes_by_grant ON authorization_codes (grant_id)',
      'CREATE INDEX authorization_codes_by_expiry ON authorization_codes (expires_at)',
    ],
  },
];
