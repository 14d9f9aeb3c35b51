import type { Migration } from '../../core/database.ts';

export const refreshTokenMigrations: readonly Migration[] = [
  {
    id: '0004-refresh-tokens',
    statements: [
      `CREATE TABLE refresh_tokens (
        token_hash TEXT PRIMARY KEY,
        grant_id TEXT NOT NULL REFERENCES grants (grant_id) ON DELETE CASCADE,
        generation BIGINT NOT NULL,
        issued_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL
      )`,
      'CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (grant_id)',
      'CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at)',
    ],
  },
  { id: '0040-refresh-token-keys', statements: ['ALTER TABLE refresh_tokens ADD COLUMN key_thumbprint TEXT'] },
];
