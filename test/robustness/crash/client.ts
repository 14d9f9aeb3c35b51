import {
  type Answer,
  basicCredentials,
  formPost,
  jsonPost,
  type Parameters,
  pkcePair,
  readAnswer,
} from '../../../src/testing/test-client.ts';
import { publicOrigin } from '../support/server-process.ts';
import type { Wire } from '../support/wire.ts';
import type { Connection, RegisteredApp } from './ledger.ts';

const redirectUri = 'http://localhost:9999/cb';

/** Registers an app. */
export async function registerApp(wire: Wire, authMethod: RegisteredApp['authMethod']): Promise<RegisteredApp> {
  const metadata = { client_name: 'App', redirect_uris: [redirectUri], token_endpoint_auth_method: authMethod };
  const { status, body } = await readAnswer(await wire.send(jsonPost(`${publicOrigin}/register`, metadata)));
  if (status !== 201) throw new Error(`registration was answered with ${status}`);
  return {
    clientId: String(body['client_id']),
    clientSecret: body['client_secret'] as string | undefined,
    authMethod,
    state: 'live',
  };
}

/** An authorization request of an app. */
export function authorizationRequest({ clientId }: RegisteredApp): { readonly url: URL; readonly verifier: string } {
  const { verifier, challenge } = pkcePair();
  const query = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: 's',
  };
  return { url: new URL(`${publicOrigin}/authorize?${new URLSearchParams(query)}`), verifier };
}

/** Posts a form as an app, authenticated as it is registered. */
async function postAs(app: RegisteredApp, wire: Wire, path: string, form: Parameters): Promise<Answer> {
  const { clientId, clientSecret = '', authMethod } = app;
  const own = authMethod === 'client_secret_basic' ? {} : { client_id: clientId };
  const secret = authMethod === 'client_secret_post' ? { client_secret: clientSecret } : {};
  const headers =
    authMethod === 'client_secret_basic' ? { authorization: basicCredentials(clientId, clientSecret) } : {};
  return readAnswer(await wire.send(formPost(`${publicOrigin}${path}`, { ...own, ...secret, ...form }, headers)));
}

export function redeemCode(app: RegisteredApp, wire: Wire, code: string, verifier: string): Promise<Answer> {
  return postAs(app, wire, '/token', {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: redirectUri,
  });
}

export function refresh(app: RegisteredApp, wire: Wire, token: string): Promise<Answer> {
  return postAs(app, wire, '/token', { grant_type: 'refresh_token', refresh_token: token });
}

export function revoke(app: RegisteredApp, wire: Wire, token: string): Promise<Answer> {
  return postAs(app, wire, '/revoke', { token });
}

/** The status of an MCP request with this token. */
export async function callStatus(wire: Wire, accessToken: string): Promise<number> {
  const headers = { authorization: `Bearer ${accessToken}` };
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  return (await wire.send(jsonPost(`${publicOrigin}/mcp`, message, headers))).status;
}

/** Takes tokens from an answer. */
export function keepTokens(connection: Connection, { body }: Answer): void {
  connection.accessTokens.push(String(body['access_token']));
  connection.refreshTokens.push({ secret: String(body['refresh_token']), wins: 0 });
}
