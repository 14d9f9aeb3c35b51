import { requirementsOf } from './requirement.ts';

/** Of the assertion frameworks: clients that authenticate by an assertion, and assertions as grants. */
export const rfc7523 = requirementsOf(
  {
    name: 'RFC 7523',
    title: 'JWT Profile for OAuth 2.0 Client Authentication and Authorization Grants, with RFC 7521 §4',
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
    ['RFC7523-15', '2.1', 'MUST', 'As a grant: grant_type is urn:ietf:params:oauth:grant-type:jwt-bearer, and assertion is a single JWT.'],
    ['RFC7523-16', '3', 'MUST', 'As a grant: iss names an issuer that is trusted here, compared character by character.'],
    ['RFC7523-17', '3', 'MUST', 'As a grant: sub is there, and identifies the user.'],
    ['RFC7523-18', '3', 'MUST', 'As a grant: aud names this authorization server; a JWT that does not is refused.'],
    ['RFC7523-19', '3', 'MUST', 'As a grant: exp is there, an expired assertion is refused, and one that is good for unreasonably long as well.'],
    ['RFC7523-20', '3', 'MUST NOT', 'As a grant: an assertion is not accepted before its nbf.'],
    ['RFC7523-21', '3', 'MUST', 'As a grant: the assertion is signed with a key of its issuer, and an invalid signature is refused.'],
    ['RFC7523-22', '3', 'SHOULD', 'As a grant: a jti counts once, in however many processes.'],
    ['RFC7523-23', '3.1', 'MUST', 'As a grant: a refused assertion is answered with invalid_grant.'],
    ['RFC7523-24', 'RFC 7521 4.1', 'SHOULD NOT', 'As a grant: no refresh token is issued for an assertion.'],
    ['RFC7523-25', 'RFC 7521 4.1', 'MUST', 'As a grant: the scope is no wider than the issuer allowed.'],
  ],
);
