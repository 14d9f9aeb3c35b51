import type { Migration } from '../../core/database.ts';

export const setupMigrations: readonly Migration[] = [
  {
    id: '0013-setup-links',
    statements: [
      `CREATE TABLE setup_links (
        token_hash TEXT PRIMARY KEY,
        expires_at BIGINT NOT NULL,
        spent_by TEXT
      )`,
    ],
  },
];
