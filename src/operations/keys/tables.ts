import type { Migration } from '../../core/database.ts';

export const keyMigrations: readonly Migration[] = [
  {
    id: '0020-signing-keys',
    statements: [
      `CREATE TABLE signing_keys (
        key_id TEXT PRIMARY KEY,
        algorithm TEXT NOT NULL,
        private_key TEXT NOT NULL,
        created_at BIGINT NOT NULL
      )`,
    ],
  },
  {
    id: '0050-key-lifecycle',
    statements: [
      'ALTER TABLE signing_keys ADD COLUMN active_from BIGINT NOT NULL DEFAULT 0',
      'ALTER TABLE signing_keys ADD COLUMN retires_at BIGINT',
      `CREATE TABLE data_secrets (
        name TEXT PRIMARY KEY,
        secret TEXT NOT NULL,
        master_key_id TEXT NOT NULL,
        created_at BIGINT NOT NULL
      )`,
    ],
  },
];
