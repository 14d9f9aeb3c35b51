import type { Migration } from '../../core/database.ts';

export const deviceMigrations: readonly Migration[] = [
  {
    id: '0070-device-codes',
    statements: [
      // `grant_id` is set before the grant is there, in one transaction, so it references nothing.
      `CREATE TABLE device_codes (
        code_hash TEXT PRIMARY KEY,
        user_code_hash TEXT NOT NULL UNIQUE,
        client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
        scopes TEXT NOT NULL,
        resource TEXT NOT NULL,
        address TEXT,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        poll_wait BIGINT NOT NULL,
        next_poll_at BIGINT NOT NULL,
        polled_too_soon BIGINT NOT NULL DEFAULT 0,
        shown_to TEXT,
        decision TEXT,
        decided_at BIGINT,
        grant_id TEXT,
        spent_at BIGINT,
        spent_by TEXT
      )`,
      'CREATE INDEX device_codes_by_client ON device_codes (client_id)',
      'CREATE INDEX device_codes_by_expiry ON device_codes (expires_at)',
    ],
  },
];
