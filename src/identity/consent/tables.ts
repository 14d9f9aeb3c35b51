import type { Migration } from '../../core/database.ts';

export const consentMigrations: readonly Migration[] = [
  {
    id: '0014-consents',
    statements: [
      `CREATE TABLE consents (
        user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
        client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
        redirect_host TEXT NOT NULL,
        resource TEXT NOT NULL,
        scope TEXT NOT NULL,
        granted_at BIGINT NOT NULL,
        PRIMARY KEY (user_id, client_id, redirect_host, resource, scope)
      )`,
      'CREATE INDEX consents_by_client ON consents (client_id)',
    ],
  },
  {
    id: '0015-authorization-requests',
    statements: [
      `CREATE TABLE authorization_requests (
        request_hash TEXT PRIMARY KEY,
        client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
        parameters TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        browser_hash TEXT,
        completed_at BIGINT,
        completed_by TEXT
      )`,
      'CREATE INDEX authorization_requests_by_client ON authorization_requests (client_id)',
      'CREATE INDEX authorization_requests_by_expiry ON authorization_requests (expires_at)',
    ],
  },
  {
    id: '0044-authorization-request-users',
    statements: ['ALTER TABLE authorization_requests ADD COLUMN asked_user_id TEXT'],
  },
];
