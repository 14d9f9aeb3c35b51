import type { Migration } from '../../core/database.ts';

export const externalIdentityMigrations: readonly Migration[] = [
  {
    id: '0080-external-identities',
    statements: [
      `CREATE TABLE external_identities (
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
        linked_by TEXT NOT NULL CHECK (linked_by IN ('administrator', 'email', 'creation')),
        linked_at BIGINT NOT NULL,
        PRIMARY KEY (issuer, subject)
      )`,
      'CREATE INDEX external_identities_by_user ON external_identities (user_id)',
      'CREATE INDEX users_by_email ON users (lower(email))',
    ],
  },
];
