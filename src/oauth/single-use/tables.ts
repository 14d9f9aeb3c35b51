import type { Migration } from '../../core/database.ts';

export const singleUseMigrations: readonly Migration[] = [
  {
    id: '0031-spent-identifiers',
    statements: [
      'CREATE TABLE spent_identifiers (identifier_hash TEXT PRIMARY KEY, expires_at BIGINT NOT NULL)',
      'CREATE INDEX spent_identifiers_by_expiry ON spent_identifiers (expires_at)',
    ],
  },
  {
    id: '0100-epochs',
    statements: ['CREATE TABLE epochs (epoch TEXT PRIMARY KEY, began_at BIGINT NOT NULL, backup_of BIGINT NOT NULL)'],
  },
];
