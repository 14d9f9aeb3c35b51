import type { Migration } from '../../core/database.ts';

export const sessionMigrations: readonly Migration[] = [
  {
    id: '0011-sessions',
    statements: [
      `CREATE TABLE sessions (
        session_hash TEXT PRIMARY KEY,
        user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
        authenticated_at BIGINT NOT NULL,
        last_seen_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        user_agent TEXT,
        address TEXT
      )`,
      'CREATE INDEX sessions_by_user ON sessions (user_id)',
      'CREATE INDEX sessions_by_expiry ON sessions (expires_at)',
    ],
  },
  {
    id: '0043-session-sign-ins',
    statements: [
      // JSON; null: a password alone.
      'ALTER TABLE sessions ADD COLUMN amr TEXT',
      'ALTER TABLE sessions ADD COLUMN started_for TEXT',
    ],
  },
];
