import { createHash } from 'node:crypto';
import type { OAuthProvider } from '../../src/index.ts';

const redirectUri = 'http://127.0.0.1:9999/callback';
const verifier = 'v'.repeat(64);

export type Handles = Pick<OAuthProvider, 'handle' | 'endpointUrl' | 'settings'>;

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly scope: string;
  readonly client_id: string;
}

async function post(
  provider: Handles,
  endpoint: 'register' | 'token',
  body: URLSearchParams | object,
): Promise<Record<string, string>> {
  const isForm = body instanceof URLSearchParams;
  const headers = { 'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json' };
  const init = { method: 'POST', headers, body: isForm ? body.toString() : JSON.stringify(body) };
  const response = await provider.handle(new Request(provider.endpointUrl(endpoint), init));
  const answer = (await response?.json()) as Record<string, string>;
  if (response?.ok !== true) throw new Error(`${endpoint} answered ${response?.status}: ${JSON.stringify(answer)}`);
  return answer;
}

/** A self-registered public client's id. */
export async function registerClient(provider: Handles): Promise<string> {
  const metadata = { client_name: 'test', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' };
  return String((await post(provider, 'register', metadata))['client_id']);
}

/** An authorization code of a provider that approves by itself, with all that its redemption needs. */
export async function obtainCode(
  provider: Handles,
  clientId: string,
  scope: string,
  resource: string = provider.settings.resource,
): Promise<URLSearchParams> {
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    scope,
    resource,
  });
  const response = await provider.handle(new Request(`${provider.endpointUrl('authorize')}?${query}`));
  const code = new URL(response?.headers.get('location') ?? '').searchParams.get('code') ?? '';
  const grant = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: redirectUri };
  return new URLSearchParams({ ...grant, code, code_verifier: verifier });
}

/** Tokens of a provider that approves by itself, without any network. */
export async function obtainTokens(
  provider: Handles,
  scope: string,
  clientId?: string,
  resource?: string,
): Promise<Tokens> {
  const id = clientId ?? (await registerClient(provider));
  const tokens = await post(provider, 'token', await obtainCode(provider, id, scope, resource));
  return { ...(tokens as unknown as Tokens), client_id: id };
}
