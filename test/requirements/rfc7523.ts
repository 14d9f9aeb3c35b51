import { requirementsOf } from './requirement.ts';

/** Of the assertion frameworks what concerns clients that authenticate by one; assertions as grants are listed elsewhere. */
export const rfc7523 = requirementsOf(
  {
    name: 'RFC 7523',
    title: 'JWT Profile for OAuth 2.0 Client Authentication, with RFC 7521 §4.2',
    url: 'https://www.rfc-editor.org/rfc/rfc7523',
  },
  // biome-ignore format: one requirement a line
  [
    ['RFC7523-01', '2.2', 'MUST', 'client_assertion_type is urn:ietf:params:oauth:client-assertion-type:jwt-bearer, and is there with every assertion.'],
    ['RFC7523-02', '2.2', 'MUST', 'client_assertion is a single JWT.'],
    ['RFC7523-03', '3', 'MUST', 'iss and sub are there, and both are the client_id.'],
    ['RFC7523-04', '3', 'MUST', 'aud names this authorization server, compared character by character; a JWT that does not is refused.'],
    ['RFC7523-05', '3', 'MUST', 'exp is there, and an expired assertion is refused, but for the leeway of clocks.'],
    ['RFC7523-06', '3', 'MUST NOT', 'An assertion is not accepted before its nbf.'],
    ['RFC7523-07', '3', 'MUST', 'The assertion is signed by the client, and an invalid signature is refused.'],
    ['RFC7523-08', '3', 'MUST', 'An assertion that is invalid in any other way is refused.'],
    ['RFC7523-09', '3', 'SHOULD', 'A jti counts once: within its lifetime an assertion is not accepted twice.'],
    ['RFC7523-10', '3.2', 'MUST', 'A refused assertion is answered with invalid_client.'],
    ['RFC7523-11', '5', 'MUST', 'RS256 is implemented.'],
    ['RFC7523-12', 'RFC 7521 4.2', 'MUST', 'client_id may be left out; where it is sent, it is the client of the assertion.'],
    ['RFC7523-13', 'RFC 7521 4.2', 'MUST NOT', 'An assertion is not combined with another way to authenticate.'],
    ['RFC7523-14', 'RFC 7591 2', 'MUST NOT', 'jwks and jwks_uri are never both registered.'],
  ],
);
