import { requirementsOf } from './requirement.ts';

export const rfc8414 = requirementsOf(
  { name: 'RFC 8414', title: 'Authorization Server Metadata', url: 'https://www.rfc-editor.org/rfc/rfc8414' },
  // biome-ignore format: one requirement a line
  [
    ['RFC8414-01', '2', 'MUST', 'The issuer is an https URL without query and fragment.'],
    ['RFC8414-02', '2', 'MUST', 'issuer, authorization_endpoint, token_endpoint and response_types_supported are always there.'],
    ['RFC8414-03', '2', 'MUST', 'jwks_uri is an https URL and its document holds the keys that sign.'],
    ['RFC8414-04', '2', 'SHOULD', 'scopes_supported lists the scopes.'],
    ['RFC8414-05', '2', 'MUST', 'Every authentication method, grant type and challenge method in the document works, and no other is listed.'],
    ['RFC8414-06', '3', 'MUST', 'The document is at the well-known path, inserted between the issuer’s host and path.'],
    ['RFC8414-07', '3.1', 'MUST', 'A slash at the end of the issuer is dropped before the well-known path is inserted.'],
    ['RFC8414-08', '3.2', 'MUST', 'A successful answer is 200 with application/json.'],
    ['RFC8414-09', '3.2', 'MUST', 'Members without a value are left out.'],
    ['RFC8414-10', '3.3', 'MUST', 'issuer is identical to the identifier that the URL was made from.'],
    ['RFC8414-11', '6.1', 'MUST', 'The document can be served over TLS.'],
  ],
);

export const rfc9728 = requirementsOf(
  { name: 'RFC 9728', title: 'Protected Resource Metadata', url: 'https://www.rfc-editor.org/rfc/rfc9728' },
  // biome-ignore format: one requirement a line
  [
    ['RFC9728-01', '2', 'MUST', 'resource is in the document.'],
    ['RFC9728-02', '2', 'SHOULD', 'scopes_supported lists the scopes that requests to this resource use.'],
    ['RFC9728-03', '3', 'MUST', 'The document is at the well-known path, inserted between the resource’s host and path.'],
    ['RFC9728-04', '3.1', 'MUST', 'GET retrieves it, and a slash after the host is dropped before the path is inserted.'],
    ['RFC9728-05', '3.2', 'MUST', 'A successful answer is 200 with application/json.'],
    ['RFC9728-06', '3.2', 'MUST', 'Members without a value are left out.'],
    ['RFC9728-07', '3.3', 'MUST', 'resource is identical to the identifier that the document’s URL was made from.'],
    ['RFC9728-08', '3.3', 'MUST', 'resource is identical to the URL at which a client was challenged with that document.'],
    ['RFC9728-09', '5.1', 'MUST', 'resource_metadata in the challenge is the URL of the document.'],
    ['RFC9728-10', '7.1', 'MUST', 'The document can be served over TLS.'],
    ['RFC9728-11', '7.10', 'SHOULD', 'Caching headers say for how long the document may be kept.'],
  ],
);
