import { noThirdPartyServer } from './answers.ts';
import { requirementsOf } from './requirement.ts';

const toolAuthor = {
  peer: 'The author of the MCP tools: authInfo gives the verified subject by which to key state.',
} as const;

/** The security best practices page: what it asks of servers. Portcullis has its own consent page, so the rules for a proxy’s apply to it. */
export const mcpBestPractices = requirementsOf(
  {
    name: 'MCP best practices',
    title: 'Security best practices, revision 2026-07-28',
    url: 'https://modelcontextprotocol.io/docs/2026-07-28/tutorials/security/security_best_practices',
  },
  // biome-ignore format: one requirement a line
  [
    ['MCP-BP-01', 'Per-Client Consent Storage', 'MUST', 'Which clients a user has approved is on record per user.'],
    ['MCP-BP-02', 'Per-Client Consent Storage', 'MUST', 'That record is consulted before a third party is asked to authorize.', noThirdPartyServer],
    ['MCP-BP-03', 'Per-Client Consent Storage', 'MUST', 'Consent decisions are stored where the browser cannot change them.'],
    ['MCP-BP-04', 'Consent UI Requirements', 'MUST', 'The consent page names the client that asks.'],
    ['MCP-BP-05', 'Consent UI Requirements', 'MUST', 'The consent page lists the scopes asked for.'],
    ['MCP-BP-06', 'Consent UI Requirements', 'MUST', 'The consent page shows where the answer will be sent.'],
    ['MCP-BP-07', 'Consent UI Requirements', 'MUST', 'The consent form cannot be posted by another site.'],
    ['MCP-BP-08', 'Consent UI Requirements', 'MUST', 'The consent page cannot be framed.'],
    ['MCP-BP-09', 'Consent Cookie Security', 'MUST', 'Cookies that consent rests on have the __Host- prefix where the server is on https.'],
    ['MCP-BP-10', 'Consent Cookie Security', 'MUST', 'They are HttpOnly, SameSite=Lax and, on https, Secure.'],
    ['MCP-BP-11', 'Consent Cookie Security', 'MUST', 'They are signed or only name a session kept on the server.'],
    ['MCP-BP-12', 'Consent Cookie Security', 'MUST', 'A remembered approval counts for the client to which it was given and no other.'],
    ['MCP-BP-13', 'Redirect URI Validation', 'MUST', 'The redirect URI of a request equals the registered one.'],
    ['MCP-BP-14', 'Redirect URI Validation', 'MUST', 'A redirect URI that changed without a new registration is refused.'],
    ['MCP-BP-15', 'Redirect URI Validation', 'MUST', 'Redirect URIs are compared as strings, without patterns or wildcards.'],
    ['MCP-BP-16', 'OAuth State Parameter Validation', 'MUST', 'A proxy’s state towards the third party is random, single-use, checked, and set only after consent.', noThirdPartyServer],
    ['MCP-BP-17', 'Token Passthrough', 'MUST NOT', 'Tokens that were not issued for this MCP server are not accepted.'],
    ['MCP-BP-18', 'State Handle Hijacking', 'MUST', 'Every inbound request is authorized, whatever session it claims.'],
    ['MCP-BP-19', 'State Handle Hijacking', 'MUST NOT', 'Knowing a session id or state handle authenticates nobody.'],
    ['MCP-BP-20', 'State Handle Hijacking', 'SHOULD', 'State handles are random and cannot be guessed.', toolAuthor],
    ['MCP-BP-21', 'State Handle Hijacking', 'SHOULD', 'State handles are bound to the authenticated user.', toolAuthor],
    ['MCP-BP-22', 'OAuth Authorization URL Validation', 'MUST', 'In production the authorization server is on https.'],
    ['MCP-BP-23', 'Local MCP Server Compromise', 'SHOULD', 'A server on this machine asks for a token as any other does.'],
    ['MCP-BP-24', 'SSRF Against Authorization Servers', 'SHOULD', 'Fetching a client’s metadata document reaches no private or reserved address.'],
    ['MCP-BP-25', 'Mix-Up Attacks', 'SHOULD', 'The authorization server names itself in every authorization response.'],
    ['MCP-BP-26', 'Localhost Redirect URI Impersonation', 'SHOULD', 'Consent to a redirect to this computer warns that any application on it could be the one that asks.'],
    ['MCP-BP-27', 'CIMD Trust Policies', 'SHOULD', 'Administrators decide by host name whose metadata documents are accepted.'],
    ['MCP-BP-28', 'Scope Minimization', 'SHOULD', 'A challenge names the scopes that the refused operation needs, never the whole catalogue.'],
    ['MCP-BP-29', 'Scope Minimization', 'SHOULD', 'A token with fewer scopes than its client could have is good for what those allow.'],
    ['MCP-BP-30', 'Scope Minimization', 'SHOULD', 'Requests for more scope, and what was granted, are logged with the id of their request.'],
    ['MCP-BP-31', 'stdio Transport Security in Proxy Scenarios', 'SHOULD', 'Proxies in front of MCP servers on stdio sandbox and authenticate what they start.', { peer: 'A proxy for MCP servers on stdio; Portcullis serves HTTP only.' }],
  ],
);

/** The parts of the transport that decide authorization: origins, and headers that policy is read from. */
export const mcpTransport = requirementsOf(
  {
    name: 'MCP transport',
    title: 'Streamable HTTP, revision 2026-07-28: security, and header validation',
    url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http',
  },
  // biome-ignore format: one requirement a line
  [
    ['MCP-HTTP-01', 'Security & Endpoint 1', 'MUST', 'The Origin header of every connection is checked.'],
    ['MCP-HTTP-02', 'Security & Endpoint 1', 'MUST', 'A foreign Origin is answered with 403.'],
    ['MCP-HTTP-03', 'Security & Endpoint 2', 'SHOULD', 'A server that runs locally listens on loopback only.'],
    ['MCP-HTTP-04', 'Server Validation', 'MUST', 'A request whose Mcp-Method or Mcp-Name differs from its body is refused.'],
    ['MCP-HTTP-05', 'Server Validation', 'MUST', 'That refusal has status 400 and the JSON-RPC error HeaderMismatch (-32020).'],
    ['MCP-HTTP-06', 'Value Encoding', 'MUST', 'An Mcp-Name in Base64 form is decoded before it is compared.'],
    ['MCP-HTTP-07', 'Server Validation', 'MUST', 'A request that lacks the headers of its own revision is refused.', { peer: 'The MCP handler, which knows the revision; Portcullis compares the headers that are there.' }],
  ],
);
