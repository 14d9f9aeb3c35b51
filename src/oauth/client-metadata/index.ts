import type { OAuthCapability } from '../token/grant-handler.ts';
import { metadataDocumentMigrations } from './tables.ts';

/** Clients that are known by a document at the URL that is their id, fetched or imported. */
export const clientMetadata: OAuthCapability = {
  name: 'client id metadata documents',
  specifications: ['draft-ietf-oauth-client-id-metadata-document', 'MCP authorization 2026-07-28, client registration'],
  // Asked each time: documents are imported while the server runs.
  serverMetadata: ({ metadataDocuments }) => ({
    client_id_metadata_document_supported: metadataDocuments.areAvailable ? true : undefined,
  }),
  migrations: metadataDocumentMigrations,
};
