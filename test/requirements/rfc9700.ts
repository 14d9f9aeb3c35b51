import { requirementsOf } from './requirement.ts';

/** What this release decides by the best current practice and OAuth 2.1 does not already say. */
export const rfc9700 = requirementsOf(
  {
    name: 'RFC 9700',
    title: 'Best Current Practice for OAuth 2.0 Security',
    url: 'https://www.rfc-editor.org/rfc/rfc9700',
  },
  // biome-ignore format: one requirement a line
  [
    ['RFC9700-01', '2.1', 'MUST NOT', 'No URL of the server forwards browsers to wherever a parameter says.'],
    ['RFC9700-02', '2.1.1', 'MUST', 'A code_verifier is worth something only where the authorization request had a challenge.'],
    ['RFC9700-03', '2.2.1', 'SHOULD', 'Access tokens are bound to their sender.'],
    ['RFC9700-04', '2.4', 'MUST NOT', 'The password grant does not exist.'],
    ['RFC9700-05', '2.6', 'MUST NOT', 'An http redirect URI is refused unless it is on this machine.'],
    ['RFC9700-06', '2.6', 'MUST NOT', 'The authorization endpoint has no CORS.'],
    ['RFC9700-07', '4.2.4', 'SHOULD NOT', 'Pages of the authorization endpoint load nothing from elsewhere.'],
    ['RFC9700-08', '4.9.3', 'MUST', 'Access tokens are neither stored nor logged in plain text.'],
    ['RFC9700-09', '4.13', 'MUST', 'Headers of a proxy count only where the hop that set them is trusted.'],
    ['RFC9700-10', '4.14.2', 'MUST', 'Use of a rotated refresh token ends its family.'],
    ['RFC9700-11', '4.14.2', 'MUST', 'A refresh token carries the scope and resource of the consent, and no more.'],
    ['RFC9700-12', '4.14.2', 'SHOULD', 'Refresh tokens expire after a time without use.'],
  ],
);
