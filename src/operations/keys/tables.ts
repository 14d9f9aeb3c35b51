import type { Migration } from '../../core/database.ts';

export const signingKeyMigrations: readonly Migration[] = [
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
];
