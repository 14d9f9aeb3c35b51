import type { Migration } from '../../core/database.ts';

export const grantMigrations: readonly Migration[] = [
  {
    id: '0002-grants',
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
        rotated_by TEXT,
        retried_by TEXT,
        retries BIGINT NOT NULL DEFAULT 0,
        expires_at BIGINT NOT NULL
      )`,
      'CREATE INDEX grants_by_subject ON grants (subject)',
      'CREATE INDEX grants_by_client ON grants (client_id)',
      'CREATE INDEX grants_by_expiry ON grants (expires_at)',
      'CREATE INDEX grants_revoked ON grants (revoked_at) WHERE revoked_at IS NOT NULL',
    ],
  },
  { id: '0030-grant-details', statements: ['ALTER TABLE grants ADD COLUMN details TEXT'] },
  {
    id: '0032-grants-made-from-others',
    statements: [
      'ALTER TABLE grants ADD COLUMN root_grant_id TEXT REFERENCES grants (grant_id) ON DELETE CASCADE',
      'CREATE INDEX grants_by_root ON grants (root_grant_id) WHERE root_grant_id IS NOT NULL',
    ],
  },
];
