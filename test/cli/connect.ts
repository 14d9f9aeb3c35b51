import { TestBrowser } from '../../src/testing/test-browser.ts';
import { pkcePair } from '../../src/testing/test-client.ts';
import { password } from './processes.ts';

const redirectUri = 'http://localhost:9999/cb';

export interface Connected {
  readonly clientId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

type Fetch = typeof fetch;

/** Takes a self-registered client through sign-in and consent at a running server. */
export async function connect(origin: string, userName: string, send: Fetch = fetch): Promise<Connected> {
  const registration = await send(`${origin}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Test app', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' }),
  });
  const { client_id: clientId } = (await registration.json()) as { client_id: string };
  const { verifier, challenge } = pkcePair();
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    resource: `${origin}/mcp`,
  });
  const browser = new TestBrowser((request) => send(request, { redirect: 'manual' }), origin);
  await browser.visit(`${origin}/authorize?${query}`);
  await browser.submit({ username: userName, password });
  const arrived = await browser.submitAndLeave({ decision: 'allow' });
  const answer = await send(`${origin}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: arrived.searchParams.get('code') ?? '',
      client_id: clientId,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      resource: `${origin}/mcp`,
    }),
  });
  const tokens = (await answer.json()) as { access_token: string; refresh_token: string };
  return { clientId, accessToken: tokens.access_token, refreshToken: tokens.refresh_token };
}

/** Sends a message to the MCP endpoint. */
export function call(origin: string, accessToken: string, message: unknown, send: Fetch = fetch): Promise<Response> {
  return send(`${origin}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify(message),
  });
}
