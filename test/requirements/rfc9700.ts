import { errorsBeforeSignIn } from './answers.ts';
import { requirementsOf } from './requirement.ts';

/** What the best current practice asks of authorization servers and resource servers. */
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
    ['RFC9700-13', '2.1.2', 'SHOULD NOT', 'No access token comes from the authorization endpoint.'],
    ['RFC9700-14', '2.3', 'MUST', 'At every request the resource refuses a token that was issued for another.'],
    ['RFC9700-15', '2.3', 'MUST', 'At every request the resource checks that what is asked for is within the scope of the token.'],
    ['RFC9700-16', '2.5', 'SHOULD', 'Clients can authenticate with an asymmetric key instead of a shared secret.'],
    ['RFC9700-17', '2.6', 'SHOULD', 'The configuration is published as metadata, so that clients need not be told it by hand.'],
    ['RFC9700-18', '4.2.4', 'SHOULD', 'Pages of the authorization endpoint send no referrer to other sites.'],
    ['RFC9700-19', '4.4.2', 'SHOULD', 'An authorization response names its issuer, against mix-up of authorization servers.'],
    ['RFC9700-20', '4.10.2', 'SHOULD', 'An access token is for one resource server, as the client named it.'],
    ['RFC9700-21', '4.11.2', 'MUST', 'The user is authenticated before any redirect to a client.', errorsBeforeSignIn],
    ['RFC9700-22', '4.12', 'MUST NOT', 'What a browser posted with credentials is never sent on by a redirect with 307.'],
    ['RFC9700-23', '4.14.2', 'MUST', 'A refresh token of a confidential client needs that client’s own authentication.'],
    ['RFC9700-24', '4.15.1', 'MUST', 'A resource server can tell a client that acts for itself from a user.'],
    ['RFC9700-25', '4.16', 'MUST', 'The pages of the authorization endpoint cannot be framed.'],
    ['RFC9700-26', '4.17', 'MUST', 'No authorization response is handed to a page by postMessage: the response modes for that are refused.'],
  ],
);
