import { appSchemes, consentIsRemembered } from './answers.ts';
import { requirementsOf } from './requirement.ts';

export const rfc7591 = requirementsOf(
  { name: 'RFC 7591', title: 'Dynamic Client Registration', url: 'https://www.rfc-editor.org/rfc/rfc7591' },
  // biome-ignore format: one requirement a line
  [
    ['RFC7591-01', '2', 'MUST', 'redirect_uris is supported.'],
    ['RFC7591-02', '2', 'MUST', 'Metadata that the server does not know is ignored.'],
    ['RFC7591-03', '2', 'MUST', 'Left out, token_endpoint_auth_method is client_secret_basic and response_types is code.'],
    ['RFC7591-04', '2.1', 'SHOULD', 'Grant types and response types that contradict each other are refused or corrected.'],
    ['RFC7591-05', '3', 'MUST', 'Registration is a POST of a JSON object.'],
    ['RFC7591-06', '3', 'SHOULD', 'Registration needs no authorization where the operator left it open, and its rate is limited.'],
    ['RFC7591-07', '3.2.1', 'MUST', 'Success is 201 with a client_id that the server made.'],
    ['RFC7591-08', '3.2.1', 'SHOULD NOT', 'No two registrations share a client_id.'],
    ['RFC7591-09', '3.2.1', 'MUST', 'Each client_id has its own secret.'],
    ['RFC7591-10', '3.2.1', 'MUST', 'client_secret_expires_at accompanies every secret, 0 where it does not expire.'],
    ['RFC7591-11', '3.2.1', 'MUST', 'The response shows all metadata as registered, defaults and replacements included.'],
    ['RFC7591-12', '3.2.2', 'MUST', 'A refusal is 400 with JSON and invalid_redirect_uri or invalid_client_metadata.'],
    ['RFC7591-13', '5', 'MUST', 'Clients of a redirecting grant register redirect URIs.'],
    ['RFC7591-14', '5', 'MUST', 'A redirect URI is a TLS-protected site, this machine, or an application’s own scheme.'],
    ['RFC7591-15', '5', 'MUST', 'What a client says of itself is taken as unverified.'],
    ['RFC7591-16', '5', 'MUST', 'The user is protected from a client that dresses up as another.'],
    ['RFC7591-17', '5', 'SHOULD', 'Links and logos that are shown to users have the host of the redirect URIs.', { declined: 'No logo is loaded and no page of a self-registered client is linked, so there is nothing to compare.' }],
    ['RFC7591-19', '3', 'SHOULD', 'The operator can ask for an initial access token; without a good one registration is 401 with a Bearer challenge.'],
    ['RFC7591-20', '3', 'SHOULD', 'An initial access token is good for as many registrations, and as long, as the operator said.'],
    ['RFC7591-21', '5', 'SHOULD', 'The operator can approve clients by hand before they do anything.'],
    ['RFC7591-22', '2.3', 'MUST', 'A software statement is a signed JWT with the iss of who attests to it.'],
    ['RFC7591-23', '3.1.1', 'MUST', 'What a software statement sets takes precedence over what the client says itself.'],
    ['RFC7591-24', '3.2.1', 'MUST', 'A software statement that was used is returned unmodified.'],
    ['RFC7591-25', '3.2.1', 'MUST', 'What a software statement sets is returned as metadata of the client too.'],
    ['RFC7591-26', '3.2.2', 'MUST', 'A statement that is not valid is invalid_software_statement, one that is not approved here unapproved_software_statement.'],
    ['RFC7591-27', '5', 'MUST', 'A software statement counts only by the signature of an issuer that the operator trusts.'],
    ['RFC7591-18', '2', 'MUST', 'Left out, grant_types is authorization_code alone.', { declined: 'refresh_token is added, as section 3.2.1 lets a server do and the response shows; clients that leave the member out would have to ask their users again every ten minutes.' }],
  ],
);

export const rfc8252 = requirementsOf(
  { name: 'RFC 8252', title: 'OAuth 2.0 for Native Apps', url: 'https://www.rfc-editor.org/rfc/rfc8252' },
  // biome-ignore format: one requirement a line
  [
    ['RFC8252-01', '6', 'MUST', 'PKCE is supported for public native clients.'],
    ['RFC8252-02', '7.3', 'MUST', 'A loopback redirect URI is accepted with any port at the time of the request.'],
    ['RFC8252-03', '8.1', 'SHOULD', 'A request of a native client without PKCE is refused.'],
    ['RFC8252-04', '8.4', 'MUST', 'Complete redirect URIs are registered, and others refused; only the loopback port may differ.'],
    ['RFC8252-05', '8.4', 'SHOULD', 'A private-use scheme without a period is refused.', appSchemes],
    ['RFC8252-06', '8.4', 'MUST', 'The registration records whether a client is public.'],
    ['RFC8252-07', '8.5', 'MUST', 'A native client without a secret of its own is a public client.'],
    ['RFC8252-08', '8.6', 'SHOULD NOT', 'Requests of clients that cannot prove their identity are not approved without the user.', consentIsRemembered],
    ['RFC8252-09', '8.12', 'SHOULD', 'Embedded user agents are detected and blocked.', { declined: 'They cannot be told from browsers reliably.' }],
  ],
);
