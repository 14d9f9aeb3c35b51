import { requirementsOf } from './requirement.ts';

export const rfc8693 = requirementsOf(
  { name: 'RFC 8693', title: 'Token Exchange', url: 'https://www.rfc-editor.org/rfc/rfc8693' },
  // biome-ignore format: one requirement a line
  [
    ['RFC8693-01', '2.1', 'MUST', 'The grant type is urn:ietf:params:oauth:grant-type:token-exchange, and subject_token and subject_token_type are required.'],
    ['RFC8693-02', '2.1', 'MUST', 'The client authenticates; here it must be a confidential one that an administrator added.'],
    ['RFC8693-03', '2.1', 'MUST', 'The resource names where the new token will be used, and it is worth nothing elsewhere.'],
    ['RFC8693-04', '2.1', 'MUST', 'Parameters that this server does not support (actor_token, audience, other token types) are refused by name.'],
    ['RFC8693-05', '2.2.1', 'MUST', 'The response has access_token, issued_token_type, token_type and expires_in, and no refresh token.'],
    ['RFC8693-06', '2.2.2', 'MUST', 'A subject token that is invalid or unacceptable is an invalid_request.'],
    ['RFC8693-07', '2.2.2', 'SHOULD', 'A target that policy does not allow is an invalid_target.'],
    ['RFC8693-08', '4.1', 'SHOULD', 'The act claim names the client that acts, with those that acted before nested in it.'],
    ['RFC8693-09', '5', 'SHOULD', 'The new token is no wider and lives no longer than the one that it was made from.'],
    ['RFC8693-10', '5', 'SHOULD', 'Revoking what a token was made from ends the token.'],
  ],
);
