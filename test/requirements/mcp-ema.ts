import { requirementsOf } from './requirement.ts';

/** Of the extension what concerns the authorization server of the MCP server. */
export const mcpEnterprise = requirementsOf(
  {
    name: 'MCP extension EMA',
    title: 'MCP extension: Enterprise-Managed Authorization',
    url: 'https://github.com/modelcontextprotocol/ext-auth/blob/main/specification/draft/enterprise-managed-authorization.mdx',
  },
  // biome-ignore format: one requirement a line
  [
    ['MCP-EMA-01', '5', 'MUST', 'An access token is had with grant_type urn:ietf:params:oauth:grant-type:jwt-bearer and the ID-JAG as assertion.'],
    ['MCP-EMA-02', '5.1', 'MUST', 'The typ of the assertion is oauth-id-jag+jwt; no other JWT of the issuer is taken for one.'],
    ['MCP-EMA-03', '5.1', 'MUST', 'The aud of the assertion identifies the issuer URL of this server.'],
    ['MCP-EMA-04', '5.1', 'MUST', 'The client_id of the assertion is that of the client which authenticated.'],
    ['MCP-EMA-05', '4.3', 'MUST', 'iss, sub, aud, resource, client_id, jti, exp and iat are there, and the token is for the resource.'],
    ['MCP-EMA-06', '4.3', 'MUST', 'scope is a string of scope names; the token has none that the issuer, the client or the resource does not allow.'],
    ['MCP-EMA-07', '5.1', 'MUST', 'All of RFC 7521 section 5.2 applies: an assertion that is forged, expired or about another party is refused.'],
    ['MCP-EMA-08', '5.2', 'MUST', 'The answer is a token response of type Bearer with its lifetime and scope.'],
    ['MCP-EMA-09', '4', 'MUST', 'The client exchanges its ID token for the assertion at the identity provider.', { peer: 'The client and its identity provider: a test runs the whole flow with the official client and oidc-provider.' }],
    ['MCP-EMA-10', '4.3', 'SHOULD', 'A user is known by iss and sub together; a name or an address alone finds nobody unless an administrator allows that.'],
    ['MCP-EMA-11', '6.1', 'SHOULD', 'The client is registered with this server beforehand, by an administrator and with credentials.'],
  ],
);
