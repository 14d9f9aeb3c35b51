import { requirementsOf } from './requirement.ts';

/** What OAuth 2.1 leaves to its predecessor: the errors of both endpoints, and the redirect URI at the token endpoint. */
export const rfc6749 = requirementsOf(
  {
    name: 'RFC 6749',
    title: 'The OAuth 2.0 Authorization Framework: errors and token requests',
    url: 'https://www.rfc-editor.org/rfc/rfc6749',
  },
  // biome-ignore format: one requirement a line
  [
    ['RFC6749-01', '4.1.2', 'SHOULD', 'A code lives for ten minutes at the most.'],
    ['RFC6749-02', '4.1.2', 'MUST NOT', 'A client gets nothing from using a code twice.'],
    ['RFC6749-03', '4.1.2.1', 'MUST NOT', 'An unknown client or a mismatched redirect URI never leads to a redirect.'],
    ['RFC6749-04', '4.1.2.1', 'MUST', 'An error at a valid redirect URI has one registered error code: invalid_request, unauthorized_client, access_denied, unsupported_response_type, invalid_scope.'],
    ['RFC6749-05', '4.1.2.1', 'MUST', 'A failure of the server reaches the client as server_error, not as a status that no redirect can carry.'],
    ['RFC6749-06', '4.1.2.1', 'MUST', 'An error response repeats the state of its request.'],
    ['RFC6749-07', '4.1.3', 'MUST', 'A redirect_uri that was in the authorization request is there again in the token request, unchanged.'],
    ['RFC6749-08', '5.1', 'MUST', 'Token responses carry Pragma: no-cache beside Cache-Control: no-store.'],
    ['RFC6749-09', '5.1', 'MUST', 'A token response is JSON with access_token and token_type.'],
    ['RFC6749-10', '5.2', 'MUST', 'Token errors have status 400 and a JSON body with error; invalid_client may have 401.'],
    ['RFC6749-11', '5.2', 'MUST', 'invalid_grant answers a code or refresh token that is unknown, expired, revoked, another client’s or of another redirect URI.'],
    ['RFC6749-12', '5.2', 'MUST', 'unauthorized_client answers a client that did not register the grant type it uses.'],
    ['RFC6749-13', '5.2', 'MUST', 'unsupported_grant_type answers a grant type that the server does not have.'],
    ['RFC6749-14', '5.2', 'MUST', 'invalid_scope answers a scope that is unknown, malformed or wider than granted.'],
    ['RFC6749-15', '2.3.1', 'MUST', 'HTTP Basic with form-encoded id and secret is accepted from clients that have a secret.'],
  ],
);

export const rfc6750 = requirementsOf(
  { name: 'RFC 6750', title: 'Bearer Token Usage', url: 'https://www.rfc-editor.org/rfc/rfc6750' },
  // biome-ignore format: one requirement a line
  [
    ['RFC6750-01', '2.1', 'MUST', 'The resource server takes tokens from the Authorization header.'],
    ['RFC6750-02', '2.2', 'MUST NOT', 'A token in a form body is not read from requests that may not carry one there; Portcullis reads it from none.'],
    ['RFC6750-03', '2.3', 'SHOULD NOT', 'A token in the query is not used.'],
    ['RFC6750-04', '3', 'MUST', 'A request without a usable token gets WWW-Authenticate.'],
    ['RFC6750-05', '3', 'MUST', 'The challenge has the scheme Bearer and at least one parameter.'],
    ['RFC6750-06', '3', 'MUST NOT', 'No parameter of the challenge appears twice.'],
    ['RFC6750-07', '3', 'MUST NOT', 'Values of scope, error and error_description stay within their character sets.'],
    ['RFC6750-08', '3', 'SHOULD', 'A token that was sent and refused is answered with an error parameter.'],
    ['RFC6750-09', '3.1', 'SHOULD', 'A malformed Authorization header is an invalid_request with status 400.', { declined: 'It is answered like a missing one, with 401 and a challenge, because that is what makes clients authorize anew.' }],
    ['RFC6750-10', '3.1', 'SHOULD', 'invalid_token has status 401.'],
    ['RFC6750-11', '3.1', 'SHOULD', 'insufficient_scope has status 403.'],
    ['RFC6750-12', '3.1', 'SHOULD NOT', 'A request with no authentication at all gets a challenge without an error code.'],
    ['RFC6750-13', '5.2', 'MUST', 'A token cannot be altered without being noticed.'],
    ['RFC6750-14', '5.3', 'SHOULD', 'Tokens live an hour or less and name their audience.'],
  ],
);
