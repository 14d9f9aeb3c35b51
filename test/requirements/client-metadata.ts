import type { Answer } from './requirement.ts';
import { requirementsOf } from './requirement.ts';

const floods: Answer = {
  declined:
    'What went wrong is remembered for thirty seconds (a setting), and a document that cannot be used is asked for again after as long, whatever it says of its lifetime: without that, strangers could have this server ask another one as often as they like. Nothing that was remembered so is ever used as a document.',
};

/** Client ID Metadata Documents: what the draft that MCP refers to asks of authorization servers. */
export const clientMetadataDocuments = requirementsOf(
  {
    name: 'CIMD',
    title: 'OAuth Client ID Metadata Document (draft-ietf-oauth-client-id-metadata-document-01)',
    url: 'https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01',
  },
  // biome-ignore format: one requirement a line
  [
    ['CIMD-01', '3', 'MUST', 'A client id that is a URL has the scheme https.'],
    ['CIMD-02', '3', 'MUST', 'It has a path.'],
    ['CIMD-03', '3', 'MUST NOT', 'It has no single-dot or double-dot segments.'],
    ['CIMD-04', '3', 'MUST NOT', 'It has no fragment.'],
    ['CIMD-05', '3', 'MUST NOT', 'It has no user name and no password.'],
    ['CIMD-06', '3', 'SHOULD NOT', 'It has no query.'],
    ['CIMD-07', '4', 'SHOULD', 'The document that the client id points to is fetched.'],
    ['CIMD-08', '4', 'MUST', 'Every status but 200 is an error.'],
    ['CIMD-09', '4', 'MUST NOT', 'Redirects are not followed.'],
    ['CIMD-10', '4.1', 'MUST', 'The client_id in the document is its URL, by simple comparison of strings.'],
    ['CIMD-11', '4.1', 'MUST NOT', 'The document names no authentication method that rests on a shared secret.'],
    ['CIMD-12', '4.1', 'MUST NOT', 'It has neither client_secret nor client_secret_expires_at.'],
    ['CIMD-13', '4.2', 'SHOULD', 'A server that restricts redirect URIs further names a service for documents of clients under development.', { declined: 'Redirect URIs are not restricted beyond the rules for every client, loopback included: a client under development needs a document on any host that the server fetches from, or one that is imported from a file.' }],
    ['CIMD-14', '4.3', 'SHOULD', 'Where the document cannot be fetched, the authorization request ends.'],
    ['CIMD-15', '4.4', 'SHOULD', 'Caching headers are respected, within bounds.'],
    ['CIMD-16', '4.4', 'MUST NOT', 'Error responses are not cached.', floods],
    ['CIMD-17', '4.4', 'MUST NOT', 'Documents that are invalid or malformed are not cached.', floods],
    ['CIMD-18', '4.5', 'MUST', 'The redirect URI of a request is exactly one of those in the document.'],
    ['CIMD-19', '5', 'MUST', 'Support is told by client_id_metadata_document_supported.'],
    ['CIMD-20', '6.2', 'MUST', 'A client whose document has a method of authentication authenticates with it.'],
    ['CIMD-21', '6.4', 'SHOULD', 'Users are told what the document says of the client.'],
    ['CIMD-22', '6.4', 'SHOULD', 'Users are shown the host name of the client id.'],
    ['CIMD-23', '6.5', 'MUST', 'A URL that leads to a special-use address is not fetched.'],
    ['CIMD-24', '6.5', 'SHOULD NOT', 'URLs within the document that lead to special-use addresses are not fetched.'],
    ['CIMD-25', '6.6', 'SHOULD', 'The size of the document is limited, to 5 kilobytes.'],
    ['CIMD-26', '6.7', 'SHOULD', 'Logos are fetched ahead and cached.', { declined: 'No logo is shown or fetched: a picture that a stranger chose says less than the host name, and can be made to look like anybody’s.' }],
    ['CIMD-27', '6.9', 'SHOULD', 'Client ids that the server makes itself do not begin with https://.'],
  ],
);
