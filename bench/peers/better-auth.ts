import { oauthProvider } from '@better-auth/oauth-provider';
import { type BetterAuthOptions, betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { jwt } from 'better-auth/plugins';
import { codeChallenge, type Prepared, postgresUrl, redirectUri, scope } from '../servers/protocol.ts';
import { serve } from '../servers/serve.ts';
import { Browser } from './browser.ts';
import { openDurable, openPool } from './store.ts';

const scopes = `${scope} offline_access`;

/**
 * `better-auth` with its OAuth provider plugin, as an authorization server for one MCP resource: an EdDSA-signed JWT, a
 * rotated refresh token, a remembered session and consent, its own schema and indexes. Rate limits are off, and its cache
 * of the resource's row is on.
 */
await serve(async (baseUrl, folder) => {
  const resource = `${baseUrl}/mcp`;
  const postgres = postgresUrl();
  const options = {
    baseURL: baseUrl,
    secret: 'bench-secret-0123456789-0123456789-0123456789',
    database: postgres === undefined ? openDurable(folder) : openPool(postgres),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { level: 'error' },
    disabledPaths: ['/token'],
    plugins: [
      jwt(),
      oauthProvider({
        loginPage: '/sign-in',
        consentPage: '/consent',
        scopes: [scope, 'offline_access'],
        resources: [resource],
        cachedResources: new Set([resource]),
        clientRegistrationDefaultResources: [resource],
        allowDynamicClientRegistration: true,
        allowUnauthenticatedClientRegistration: true,
        silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
      }),
    ],
  } satisfies BetterAuthOptions;
  const { runMigrations } = await getMigrations(options);
  await runMigrations();
  const auth = betterAuth(options);
  return {
    listener: toNodeHandler(auth),
    metadataPath: '/api/auth/.well-known/oauth-authorization-server',
    prepare: () => prepare(baseUrl, resource),
  };
});

async function prepare(baseUrl: string, resource: string): Promise<Prepared> {
  const api = `${baseUrl}/api/auth`;
  const browser = new Browser(baseUrl);
  const post = async (path: string, body: unknown) => {
    const response = await browser.send(`${api}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, string>;
  };
  const client = await post('/oauth2/register', {
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    scope: scopes,
  });
  await post('/sign-up/email', {
    email: 'bench@client.example',
    password: 'correct horse battery staple',
    name: 'Bench',
  });

  const url = new URL(`${api}/oauth2/authorize`);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client['client_id'] ?? '',
    redirect_uri: redirectUri,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    state: 'bench',
    scope: scopes,
    resource,
  }).toString();
  const toConsent = (await (await browser.send(url)).json()) as { url: string };
  const consentUrl = new URL(toConsent.url, baseUrl);
  await post('/oauth2/consent', { accept: true, oauth_query: consentUrl.search.slice(1) });
  return {
    clientId: client['client_id'] ?? '',
    authorizePath: '/api/auth/oauth2/authorize',
    tokenPath: '/api/auth/oauth2/token',
    scope: scopes,
    resource,
    browserHeaders: browser.headersFor('/api/auth'),
    refreshes: true,
  };
}
