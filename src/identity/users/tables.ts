import type { Migration } from '../../core/database.ts';

export const userMigrations: readonly Migration[] = [
  {
    id: '0010-users',
    statements: [
      `CREATE TABLE users (
        user_id TEXT PRIMARY KEY,
        user_name TEXT NOT NULL,
        user_key TEXT NOT NULL UNIQUE,
        email TEXT,
        display_name TEXT NOT NULL,
        role TEXT NOT NULL CHECK (role IN ('admin', 'user')),
        status TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
        grantable_scopes TEXT,
        password_hash TEXT NOT NULL,
        password_changed_at BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        last_signed_in_at BIGINT
      )`,
      "CREATE INDEX users_administrators ON users (user_id) WHERE role = 'admin'",
    ],
  },
];
