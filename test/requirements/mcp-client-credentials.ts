import { requirementsOf } from './requirement.ts';

export const mcpClientCredentials = requirementsOf(
  {
    name: 'MCP client credentials',
    title: 'MCP extension io.modelcontextprotocol/oauth-client-credentials, draft; with OAuth 2.1 §4.2',
    url: 'https://github.com/modelcontextprotocol/ext-auth/blob/main/specification/draft/oauth-client-credentials.mdx',
  },
  // biome-ignore format: one requirement a line
  [
    ['MCP-CC-01', 'Overview', 'SHOULD', 'Credentials are established by an administrator; dynamic registration does not lead to this grant.'],
    ['MCP-CC-02', 'Client Authentication Methods', 'MUST', 'Clients authenticate by a signed JWT or by a client secret in the request.'],
    ['MCP-CC-03', 'Server Metadata Requirements', 'MUST', 'token_endpoint_auth_methods_supported has private_key_jwt or client_secret_basic.'],
    ['MCP-CC-04', 'Server Metadata Requirements', 'MUST', 'token_endpoint_auth_signing_alg_values_supported is there where JWT authentication is.'],
    ['MCP-CC-05', 'Flow Steps', 'MUST', 'The baseline holds: a client finds the server from a 401, and its token is for the resource that it named.'],
    ['MCP-CC-06', 'Examples', 'MUST', 'client_id may be left out of a request with an assertion.'],
    ['MCP-CC-07', 'OAuth 2.1 4.2', 'MUST', 'The grant is for confidential clients only, and they are authenticated.'],
    ['MCP-CC-08', 'OAuth 2.1 4.2.3', 'SHOULD NOT', 'The response has no refresh token.'],
    ['MCP-CC-09', 'RFC 9068 2.2', 'MUST', 'The subject of the token is the client, and cannot be taken for a user’s.'],
  ],
);
