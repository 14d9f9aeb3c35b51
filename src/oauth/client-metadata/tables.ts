import type { Migration } from '../../core/database.ts';

export const metadataDocumentMigrations: readonly Migration[] = [
  {
    id: '0060-client-documents',
    statements: [
      `CREATE TABLE client_bundles (
        bundle TEXT PRIMARY KEY,
        sequence BIGINT NOT NULL,
        issued_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        signed_by TEXT NOT NULL,
        imported_at BIGINT NOT NULL,
        import_id TEXT NOT NULL
      )`,
      `CREATE TABLE client_documents (
        client_id TEXT PRIMARY KEY,
        document TEXT NOT NULL,
        bundle TEXT REFERENCES client_bundles (bundle) ON DELETE CASCADE,
        imported_at BIGINT NOT NULL,
        expires_at BIGINT
      )`,
      'CREATE INDEX client_bundles_by_expiry ON client_bundles (expires_at)',
      'CREATE INDEX client_documents_by_bundle ON client_documents (bundle)',
      'CREATE INDEX client_documents_by_expiry ON client_documents (expires_at) WHERE expires_at IS NOT NULL',
    ],
  },
];
