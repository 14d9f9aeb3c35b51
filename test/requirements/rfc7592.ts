import { requirementsOf } from './requirement.ts';

export const rfc7592 = requirementsOf(
  {
    name: 'RFC 7592',
    title: 'Dynamic Client Registration Management',
    url: 'https://www.rfc-editor.org/rfc/rfc7592',
  },
  // biome-ignore format: one requirement a line
  [
    ['RFC7592-01', '2', 'MUST', 'A registration is read, changed and ended at its registration_client_uri, with its registration access token as a bearer token.'],
    ['RFC7592-02', '2.1', 'MUST', 'A read is 200 with the registration as it is.'],
    ['RFC7592-03', '3', 'MUST', 'The response has registration_client_uri, absolute, and registration_access_token, beside the metadata; nothing caches it.'],
    ['RFC7592-04', '2', 'MUST', 'A token that is not valid, or of a client that is gone, is 401.'],
    ['RFC7592-05', '2', 'MUST', 'A registration access token is good for its own client only.'],
    ['RFC7592-06', '2.2', 'MUST', 'An update replaces all metadata: what it leaves out is taken back.'],
    ['RFC7592-07', '2.2', 'MUST', 'The response to an update shows the metadata as it is now; client_id stays.'],
    ['RFC7592-08', '2.2', 'MUST', 'An update is refused as a registration would be, and then changes nothing.'],
    ['RFC7592-09', '2.2', 'MUST', 'client_id must match; what the server alone says must not be sent; who may not update gets 403.'],
    ['RFC7592-10', '2.2', 'MUST NOT', 'A client chooses its secret.'],
    ['RFC7592-11', '2.3', 'MUST', 'A deletion is 204 and makes the client id, its secret and its registration access token invalid.'],
    ['RFC7592-12', '2.3', 'SHOULD', 'A deletion ends the client’s grants, codes and tokens at once.'],
    ['RFC7592-13', '5', 'SHOULD', 'A registration access token has enough entropy not to be guessed, and guessing is slowed.'],
    ['RFC7592-14', '3', 'SHOULD', 'The registration access token is replaced at an update.', { declined: 'It stays, so that a client whose response was lost can ask again; a stolen one ends with the client.' }],
  ],
);
