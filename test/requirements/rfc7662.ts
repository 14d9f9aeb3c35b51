import { requirementsOf } from './requirement.ts';

export const rfc7662 = requirementsOf(
  { name: 'RFC 7662', title: 'Token Introspection', url: 'https://www.rfc-editor.org/rfc/rfc7662' },
  // biome-ignore format: one requirement a line
  [
    ['RFC7662-01', '2.1', 'MUST', 'The endpoint takes form posts, and the parameter token is required.'],
    ['RFC7662-02', '2.1', 'MUST', 'The caller authenticates; here it is a confidential client that an administrator named for a resource.'],
    ['RFC7662-03', '2.1', 'SHOULD', 'An unknown token_type_hint changes nothing.'],
    ['RFC7662-04', '2.2', 'MUST', 'A live token is described with active true, and its scope, client_id, sub, aud, iss, exp, iat, jti and token_type.'],
    ['RFC7662-05', '2.2', 'SHOULD NOT', 'Nothing but active false is said of a token that is unknown, expired, revoked or meant for somebody else.'],
    ['RFC7662-06', '2.3', 'MUST', 'A caller that does not authenticate is answered with 401.'],
    ['RFC7662-07', '4', 'MUST', 'Revocation and expiry are taken into account in every answer.'],
    ['RFC7662-08', '4', 'SHOULD', 'Answers are not cached.'],
  ],
);
