import { errorsBeforeSignIn, noOnwardRequests, noThirdPartyServer, privateUseSchemes } from './answers.ts';
import { requirementsOf } from './requirement.ts';

const specification = 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization';

/** What the four authorization pages ask of authorization servers and MCP servers; what they ask of clients only is left out. */
export const mcpAuthorization = requirementsOf(
  { name: 'MCP authorization', title: 'Authorization, revision 2026-07-28: overview', url: specification },
  // biome-ignore format: one requirement a line
  [
    ['MCP-AUTH-01', 'Protocol Requirements', 'SHOULD', 'Over HTTP, authorization works as this specification describes from the first 401 to the authorized call.'],
    ['MCP-AUTH-02', 'Overview 1', 'MUST', 'The authorization server implements OAuth 2.1 with measures that suit confidential clients and public clients.'],
    ['MCP-AUTH-03', 'Overview 2', 'SHOULD', 'The authorization server accepts client ids that are URLs of metadata documents.'],
    ['MCP-AUTH-04', 'Overview 4', 'MUST', 'The MCP server publishes protected resource metadata.'],
    ['MCP-AUTH-05', 'Overview 5', 'MUST', 'The authorization server can be discovered through RFC 8414 metadata or OpenID Connect discovery.'],
    ['MCP-AUTH-06', 'Authorization Server Discovery', 'MUST', 'Discovery follows the rules of the discovery page from the resource to the authorization server.'],
    ['MCP-AUTH-07', 'Scope Selection Strategy', 'SHOULD', 'The 401 challenge carries a scope parameter with what the resource needs.'],
    ['MCP-AUTH-08', 'Scope Selection Strategy', 'SHOULD', 'Scope sets in challenges are built the same way every time.'],
    ['MCP-AUTH-09', 'Authorization Response Validation', 'SHOULD', 'Authorization responses carry iss, errors included.'],
    ['MCP-AUTH-10', 'Authorization Response Validation', 'MUST', 'A server that sends iss says so in its metadata.'],
    ['MCP-AUTH-11', 'Canonical Server URI', 'SHOULD', 'A resource whose scheme or host is written in capitals is understood.'],
    ['MCP-AUTH-12', 'Canonical Server URI', 'SHOULD', 'Resource identifiers are written without a trailing slash throughout.'],
    ['MCP-AUTH-13', 'Token Requirements', 'MUST', 'Access tokens at the MCP server are handled as OAuth 2.1 section 5 rules.'],
    ['MCP-AUTH-14', 'Token Requirements', 'MUST NOT', 'An access token in the query string counts for nothing.'],
    ['MCP-AUTH-15', 'Token Handling', 'MUST', 'The MCP server validates access tokens as OAuth 2.1 section 5.2 describes.'],
    ['MCP-AUTH-16', 'Token Handling', 'MUST', 'The MCP server checks that it is the audience for which a token was issued.'],
    ['MCP-AUTH-17', 'Token Handling', 'MUST', 'A token that fails validation is answered with the errors of OAuth 2.1 section 5.3.'],
    ['MCP-AUTH-18', 'Token Handling', 'MUST', 'An invalid or expired token is answered with 401.'],
    ['MCP-AUTH-19', 'Token Handling', 'MUST', 'Only tokens that are valid for its own resources open the MCP server.'],
    ['MCP-AUTH-20', 'Token Handling', 'MUST NOT', 'Tokens of any other kind or origin are not accepted.'],
    ['MCP-AUTH-21', 'Token Handling', 'MUST NOT', 'A received token is not forwarded to any other service.', noOnwardRequests],
    ['MCP-AUTH-22', 'Refresh Tokens', 'SHOULD NOT', 'Challenges of the MCP server leave offline_access out.'],
    ['MCP-AUTH-23', 'Refresh Tokens', 'SHOULD NOT', 'Protected resource metadata leaves offline_access out of scopes_supported.'],
    ['MCP-AUTH-24', 'Error Handling', 'MUST', 'Authorization failures use their statuses: 401 for no or bad token, 403 for too little scope, 400 for a malformed request.'],
    ['MCP-AUTH-25', 'Runtime Insufficient Scope Errors', 'SHOULD', 'A call beyond the token’s scope gets 403 and a Bearer challenge with insufficient_scope, scope and resource_metadata.'],
    ['MCP-AUTH-26', 'Runtime Insufficient Scope Errors', 'SHOULD', 'The scope of that challenge names what the refused operation needs.'],
    ['MCP-AUTH-27', 'Runtime Insufficient Scope Errors', 'SHOULD', 'Everything that the operation needs is named in one challenge, never piece by piece.'],
    ['MCP-AUTH-28', 'Runtime Insufficient Scope Errors', 'SHOULD', 'The choice of scopes in challenges follows one rule, so that clients can predict it.'],
    ['MCP-AUTH-29', 'Runtime Insufficient Scope Errors', 'SHOULD', 'Challenges are chosen so that users are not asked again and again for one task.'],
    ['MCP-AUTH-30', 'Step-Up Authorization Flow', 'MUST', 'A broader scope that implies the needed one is enough.'],
    ['MCP-AUTH-31', 'Security Considerations', 'MUST', 'The rules of the security considerations page hold.'],
    ['MCP-AUTH-32', 'Protocol Requirements', 'SHOULD NOT', 'On stdio, credentials come from the environment instead of from this specification.', { peer: 'An MCP server on stdio; Portcullis serves HTTP only.' }],
    ['MCP-AUTH-33', 'Protocol Requirements', 'MUST', 'Other transports keep to the established security practice of their protocol.', { peer: 'An MCP server on another transport; Portcullis serves HTTP only.' }],
  ],
);

export const mcpDiscovery = requirementsOf(
  {
    name: 'MCP discovery',
    title: 'Authorization, revision 2026-07-28: authorization server discovery',
    url: `${specification}/authorization-server-discovery`,
  },
  // biome-ignore format: one requirement a line
  [
    ['MCP-DISC-01', 'Authorization Server Location', 'MUST', 'The MCP server tells where its authorization server is through RFC 9728 metadata.'],
    ['MCP-DISC-02', 'Authorization Server Location', 'MUST', 'That metadata lists at least one entry in authorization_servers.'],
    ['MCP-DISC-03', 'Protected Resource Metadata Discovery Requirements', 'MUST', 'The metadata is found from the 401 challenge or at its well-known URI; Portcullis offers both.'],
    ['MCP-DISC-04', 'Authorization Server Metadata Discovery', 'MUST', 'The issuer in the metadata equals, byte for byte, the identifier from which its URL was built.'],
  ],
);

export const mcpRegistration = requirementsOf(
  {
    name: 'MCP registration',
    title: 'Authorization, revision 2026-07-28: client registration',
    url: `${specification}/client-registration`,
  },
  // biome-ignore format: one requirement a line
  [
    ['MCP-REG-01', 'Client ID Metadata Documents', 'SHOULD', 'Clients may be identified by a metadata document of their own.'],
    ['MCP-REG-02', 'Implementation Requirements', 'MUST', 'Support for metadata documents keeps to their draft.'],
    ['MCP-REG-03', 'Implementation Requirements', 'SHOULD', 'A client id in URL form makes the authorization server fetch the document.'],
    ['MCP-REG-04', 'Implementation Requirements', 'MUST', 'The client_id inside the document equals the URL it came from.'],
    ['MCP-REG-05', 'Implementation Requirements', 'SHOULD', 'Fetched documents are cached as their HTTP headers say.'],
    ['MCP-REG-06', 'Implementation Requirements', 'MUST', 'The redirect URI of a request is one of those in the document.'],
    ['MCP-REG-07', 'Implementation Requirements', 'MUST', 'The document is well-formed JSON and has its required members.'],
    ['MCP-REG-08', 'Implementation Requirements', 'SHOULD', 'The security advice for metadata documents is followed.'],
  ],
);

export const mcpSecurity = requirementsOf(
  {
    name: 'MCP security',
    title: 'Authorization, revision 2026-07-28: security considerations',
    url: `${specification}/security-considerations`,
  },
  // biome-ignore format: one requirement a line
  [
    ['MCP-SEC-01', 'Introduction', 'MUST', 'Servers are built with the threats of this page in view.'],
    ['MCP-SEC-02', 'Introduction', 'MUST', 'The security advice of OAuth 2.1 section 7 is followed.'],
    ['MCP-SEC-03', 'Token Audience Binding and Validation', 'MUST', 'The MCP server makes sure that a presented token was issued for its use.'],
    ['MCP-SEC-04', 'Token Theft', 'MUST', 'Tokens are stored so that reading the store or the log yields none that works.'],
    ['MCP-SEC-05', 'Token Theft', 'SHOULD', 'Access tokens live for minutes.'],
    ['MCP-SEC-06', 'Token Theft', 'MUST', 'Refresh tokens of public clients rotate.'],
    ['MCP-SEC-07', 'Communication Security', 'MUST', 'The transport rules of OAuth 2.1 section 1.5 hold.'],
    ['MCP-SEC-08', 'Communication Security', 'MUST', 'Every endpoint of the authorization server has an https URL; http is for loopback only.'],
    ['MCP-SEC-09', 'Communication Security', 'MUST', 'Redirect URIs are on this machine or use https.', privateUseSchemes],
    ['MCP-SEC-10', 'Authorization Code Protection', 'MUST', 'A discovery document lists code_challenge_methods_supported, also where it is served under the OpenID Connect name.'],
    ['MCP-SEC-11', 'Open Redirection', 'MUST', 'Redirect URIs must equal a registered value exactly.'],
    ['MCP-SEC-12', 'Open Redirection', 'MUST', 'Precautions keep user agents from being sent to untrusted URIs.'],
    ['MCP-SEC-13', 'Open Redirection', 'SHOULD', 'The user agent is redirected without a question only where the target is trusted.', errorsBeforeSignIn],
    ['MCP-SEC-14', 'Client ID Metadata Document Security', 'MUST', 'The risks of metadata documents are taken into account.'],
    ['MCP-SEC-15', 'Authorization Server Abuse Protection', 'SHOULD', 'Fetching metadata documents cannot be used to reach into the server’s network.'],
    ['MCP-SEC-16', 'Localhost Redirect URI Risks', 'SHOULD', 'Consent to a redirect to this computer carries a further warning.'],
    ['MCP-SEC-17', 'Localhost Redirect URI Risks', 'MUST', 'The consent page shows the host name to which the browser will be sent.'],
    ['MCP-SEC-18', 'Confused Deputy Problem', 'MUST', 'A proxy with one static client id asks for consent for each registered client before it forwards.', noThirdPartyServer],
    ['MCP-SEC-19', 'Access Token Privilege Restriction', 'MUST', 'The token is validated before anything of the request is processed.'],
    ['MCP-SEC-20', 'Access Token Privilege Restriction', 'MUST', 'Nothing of the resource reaches a caller who may not have it.'],
    ['MCP-SEC-21', 'Access Token Privilege Restriction', 'MUST', 'Inbound tokens are checked for expiry, resource and scope.'],
    ['MCP-SEC-22', 'Access Token Privilege Restriction', 'MUST', 'Only tokens meant for this MCP server are accepted.'],
    ['MCP-SEC-23', 'Access Token Privilege Restriction', 'MUST', 'A token whose audience does not include this server is refused.'],
    ['MCP-SEC-24', 'Access Token Privilege Restriction', 'MUST NOT', 'The client’s token is not passed to upstream services.', noOnwardRequests],
  ],
);
