/** An MCP message posted by hand, where a client library would not send it. */
export async function postMessage(
  url: string,
  token: string | undefined,
  message: object,
  sessionId?: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(sessionId === undefined ? {} : { 'mcp-session-id': sessionId }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
  });
}

export const initialize = {
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
} as const;

export function toolCall(name: string, input: object = {}, id = 1): { id: number; method: string; params: object } {
  return { id, method: 'tools/call', params: { name, arguments: input } };
}

/** Opens a session of the 2025 revisions and gives its id. */
export async function openSession(url: string, token: string): Promise<string> {
  const response = await postMessage(url, token, initialize);
  await response.text();
  const sessionId = response.headers.get('mcp-session-id');
  if (sessionId === null) throw new Error(`initialize answered ${response.status} without a session`);
  await (await postMessage(url, token, { method: 'notifications/initialized' }, sessionId)).text();
  return sessionId;
}
