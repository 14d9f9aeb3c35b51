import { requirementsOf } from './requirement.ts';

export const rfc7009 = requirementsOf(
  { name: 'RFC 7009', title: 'Token Revocation', url: 'https://www.rfc-editor.org/rfc/rfc7009' },
  // biome-ignore format: one requirement a line
  [
    ['RFC7009-01', '2', 'MUST', 'Refresh tokens can be revoked.'],
    ['RFC7009-02', '2', 'SHOULD', 'Access tokens can be revoked.'],
    ['RFC7009-03', '2.1', 'MUST', 'A confidential client authenticates before anything is revoked.'],
    ['RFC7009-04', '2.1', 'MUST', 'A client can revoke only tokens that were issued to it.'],
    ['RFC7009-05', '2.1', 'MUST', 'A token that the hint does not find is looked for among all other types.'],
    ['RFC7009-06', '2.1', 'SHOULD', 'Revoking a refresh token kills the access tokens of its grant.'],
    ['RFC7009-07', '2.1', 'MUST', 'A revoked token is refused from then on.'],
    ['RFC7009-08', '2.2', 'MUST', 'An unknown or already invalid token is answered with 200.'],
    ['RFC7009-09', '2.2', 'MUST', 'An unknown token_type_hint changes nothing.'],
    ['RFC7009-10', '2.2.1', 'MUST', 'Errors have the form of the token endpoint’s.'],
  ],
);

export const rfc7636 = requirementsOf(
  { name: 'RFC 7636', title: 'Proof Key for Code Exchange', url: 'https://www.rfc-editor.org/rfc/rfc7636' },
  // biome-ignore format: one requirement a line
  [
    ['RFC7636-01', '4.1', 'MUST', 'A code_verifier has 43 to 128 unreserved characters.'],
    ['RFC7636-02', '4.2', 'MUST', 'S256 is supported.'],
    ['RFC7636-03', '4.2', 'MUST', 'An S256 challenge has 43 characters of base64url.'],
    ['RFC7636-04', '4.3', 'MUST', 'A request that names no method means plain, and is not taken for S256.'],
    ['RFC7636-05', '4.4', 'MUST', 'The challenge and its method are kept with the code.'],
    ['RFC7636-06', '4.4', 'MUST NOT', 'The challenge cannot be read out of the code by others.'],
    ['RFC7636-07', '4.4.1', 'MUST', 'A request without the challenge is refused with invalid_request.'],
    ['RFC7636-08', '4.4.1', 'MUST', 'A request with an unsupported method is refused with invalid_request.'],
    ['RFC7636-09', '4.4.1', 'SHOULD', 'The description of either error says what is missing.'],
    ['RFC7636-10', '4.6', 'MUST', 'A verifier that does not hash to the challenge is an invalid_grant.'],
    ['RFC7636-11', '7.2', 'SHOULD NOT', 'The plain method is not used.'],
  ],
);
