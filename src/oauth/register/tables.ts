import type { Migration } from '../../core/database.ts';

export const clientMigrations: readonly Migration[] = [
  {
    id: '0001-clients',
    statements: [
      `CREATE TABLE clients (
        client_id TEXT PRIMARY KEY,
        client_secret_hash TEXT,
        client_secret_expires_at BIGINT,
        registered_by TEXT NOT NULL,
        issued_at BIGINT NOT NULL,
        last_used_at BIGINT,
        metadata TEXT NOT NULL
      )`,
      'CREATE INDEX clients_unused ON clients (issued_at) WHERE last_used_at IS NULL',
      'CREATE INDEX clients_by_registrar ON clients (registered_by, last_used_at)',
    ],
  },
  {
    id: '0032-previous-client-secrets',
    statements: [
      'ALTER TABLE clients ADD COLUMN previous_secret_hash TEXT',
      'ALTER TABLE clients ADD COLUMN previous_secret_expires_at BIGINT',
    ],
  },
  {
    id: '0090-registration-policy',
    statements: [
      'ALTER TABLE clients ADD COLUMN admission TEXT',
      'ALTER TABLE clients ADD COLUMN pending_since BIGINT',
      'ALTER TABLE clients ADD COLUMN registration_token_hash TEXT',
      "CREATE INDEX clients_pending ON clients (pending_since) WHERE admission = 'pending'",
      `CREATE TABLE registration_tokens (
        token_id TEXT PRIMARY KEY,
        token_hash TEXT NOT NULL UNIQUE,
        label TEXT,
        uses_left BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        last_used_at BIGINT,
        last_client_id TEXT
      )`,
      'CREATE INDEX registration_tokens_by_expiry ON registration_tokens (expires_at)',
    ],
  },
];
