import type { Migration } from '../../core/database.ts';

export const authorizationCodeMigrations: readonly Migration[] = [
  {
    id: '0003-authorization-codes',
    statements: [
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
  {
    id: '0041-authorization-code-keys',
    statements: ['ALTER TABLE authorization_codes ADD COLUMN key_thumbprint TEXT'],
  },
];
