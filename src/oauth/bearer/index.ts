import type { OAuthCapability } from '../token/grant-handler.ts';

/** Bearer tokens at the MCP endpoint: called by hosts through `OAuthProvider.authenticate`, so it has no routes. */
export const bearer: OAuthCapability = {
  name: 'bearer tokens at the resource',
  specifications: ['RFC 6750 §2.1, §3', 'RFC 9728 §5', 'RFC 9068 §4', 'MCP authorization 2026-07-28'],
};
