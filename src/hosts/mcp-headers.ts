/**
 * The MCP message that a request's `Mcp-Method` and `Mcp-Name` headers claim to carry, for a gate that does not get to
 * see the body. Who runs the message must check that they told the truth.
 * @returns `undefined` where the headers are absent
 * @see MCP 2026-07-28, transports, "Standard Request Headers"
 */
export function claimedMessage(headers: Headers): unknown {
  const method = headers.get('mcp-method');
  const name = headers.get('mcp-name');
  if (method === null) return undefined;
  if (name === null) return { method };
  const encoded = /^=\?base64\?(.*)\?=$/.exec(name)?.[1];
  const value = encoded === undefined ? name : Buffer.from(encoded, 'base64').toString('utf8');
  return { method, params: method === 'resources/read' ? { uri: value } : { name: value } };
}
