import type { Migration } from '../../core/database.ts';

export const pushedRequestMigrations: readonly Migration[] = [
  {
    id: '0042-pushed-requests',
    statements: [
      `CREATE TABLE pushed_requests (
        request_hash TEXT PRIMARY KEY,
        client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
        parameters TEXT NOT NULL,
        expires_at BIGINT NOT NULL
      )`,
      'CREATE INDEX pushed_requests_by_client ON pushed_requests (client_id)',
      'CREATE INDEX pushed_requests_by_expiry ON pushed_requests (expires_at)',
    ],
  },
];
