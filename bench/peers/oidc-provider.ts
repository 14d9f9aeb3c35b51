import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';
import { codeChallenge, type Prepared, redirectUri, scope } from '../servers/protocol.ts';
import { serve } from '../servers/serve.ts';
import { Browser } from './browser.ts';
import { createOidcAdapter } from './oidc-adapter.ts';
import { openStore } from './store.ts';

const clientId = 'bench';
const accountId = 'bench-user';

/**
 * `oidc-provider` with the same kind of tokens as ours: an Ed25519-signed JWT for one resource, a rotated refresh token, a
 * remembered session and grant. Its one client is configured, not stored, which spares it a read for each request.
 */
await serve(async (baseUrl, folder) => {
  const resource = `${baseUrl}/mcp`;
  const { privateKey } = generateKeyPairSync('ed25519');
  const provider = new Provider(baseUrl, {
    adapter: await createOidcAdapter(openStore(folder)),
    clients: [
      {
        client_id: clientId,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        id_token_signed_response_alg: 'EdDSA',
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'EdDSA', use: 'sig', kid: 'bench' }] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    ttl: {
      AuthorizationCode: 600,
      AccessToken: 3600,
      RefreshToken: 30 * 86_400,
      Session: 7 * 86_400,
      Grant: 180 * 86_400,
      Interaction: 600,
    },
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope,
          audience: resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 3600,
          jwt: { sign: { alg: 'EdDSA' } },
        }),
        useGrantedResource: () => true,
      },
    },
    interactions: { url: (_ctx: unknown, interaction: { uid: string }) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
  });
  const callback = provider.callback();

  return {
    listener: (req, res) => {
      if (req.url?.startsWith('/interaction/') === true) void interact(req, res);
      else callback(req, res);
    },
    metadataPath: '/.well-known/openid-configuration',
    prepare: () => prepare(baseUrl, resource),
  };

  /** What an application's sign-in and consent pages would end with. */
  async function interact(
    req: import('node:http').IncomingMessage,
    res: import('node:http').ServerResponse,
  ): Promise<void> {
    const { prompt } = await provider.interactionDetails(req, res);
    if (prompt.name === 'login') return provider.interactionFinished(req, res, { login: { accountId } });
    const grant = new provider.Grant({ accountId, clientId });
    grant.addResourceScope(resource, scope);
    await provider.interactionFinished(
      req,
      res,
      { consent: { grantId: await grant.save() } },
      { mergeWithLastSubmission: true },
    );
  }
});

async function prepare(baseUrl: string, resource: string): Promise<Prepared> {
  const browser = new Browser(baseUrl);
  const url = new URL('/auth', baseUrl);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    scope,
    resource,
  }).toString();
  const arrived = await browser.follow(url);
  if (!(arrived instanceof URL)) throw new Error(`no code, but ${arrived.status}: ${await arrived.text()}`);
  return {
    clientId,
    authorizePath: '/auth',
    tokenPath: '/token',
    scope,
    resource,
    browserHeaders: browser.headersFor('/auth'),
    refreshes: true,
  };
}
