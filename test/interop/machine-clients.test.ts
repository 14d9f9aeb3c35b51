import {
  Client,
  ClientCredentialsProvider,
  type OAuthClientProvider,
  PrivateKeyJwtProvider,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientKeys } from '../../src/core/records.ts';
import { machineClient } from '../../src/oauth/client-credentials/machine-client.ts';
import { TestClientKey } from '../../src/testing/test-client-key.ts';
import { type NotesServer, startNotesServer } from '../support/notes-server.ts';

const clientName = 'Nightly report';
const scopes = ['notes:read'];

let server: NotesServer;
beforeEach(async () => {
  server = await startNotesServer();
});
afterEach(() => server.close());

async function added(credentials: ClientKeys | 'client_secret_basic' | 'client_secret_post') {
  const { client, secret = '' } = machineClient({ clientName, scopes, credentials }, server.portcullis);
  await server.portcullis.services.clients.add(client);
  return { clientId: client.clientId as string, clientSecret: secret };
}

function pem(key: TestClientKey): string {
  return String(key.privateKey.export({ format: 'pem', type: 'pkcs8' }));
}

/** Connects from nothing but the address of the MCP endpoint, and calls a tool. */
async function callTool(authProvider: OAuthClientProvider, mode: 'legacy' | { pin: string }): Promise<string> {
  const client = new Client({ name: 'machine', version: '1' }, { versionNegotiation: { mode } });
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL(server.mcpUrl), { authProvider }));
    const { content } = await client.callTool({ name: 'list_notes', arguments: {} });
    return JSON.stringify(content);
  } finally {
    await client.close();
  }
}

describe.each(['legacy', { pin: '2026-07-28' }] as const)('the official client, %j', (mode) => {
  it('finds its way from a 401 to a tool with ClientCredentialsProvider [MCP-CC-02, MCP-CC-05]', async () => {
    const provider = new ClientCredentialsProvider({
      ...(await added('client_secret_basic')),
      expectedIssuer: server.baseUrl,
    });
    expect(await callTool(provider, mode)).toContain('text');
    expect(provider.tokens()).toMatchObject({ scope: 'notes:read', token_type: 'Bearer' });
    expect(provider.tokens()).not.toHaveProperty('refresh_token');
  });

  it.each(['ES256', 'RS256', 'PS256'])(
    'finds its way with PrivateKeyJwtProvider and %s [MCP-CC-02, MCP-CC-05, MCP-CC-06, RFC7523-11]',
    async (algorithm) => {
      const key = TestClientKey.generate(algorithm);
      const { clientId } = await added({ jwks: key.jwks } as ClientKeys);
      const provider = new PrivateKeyJwtProvider({
        clientId,
        privateKey: pem(key),
        algorithm,
        expectedIssuer: server.baseUrl,
      });
      expect(await callTool(provider, mode)).toContain('text');
      const other = new PrivateKeyJwtProvider({
        clientId,
        privateKey: pem(TestClientKey.generate(algorithm)),
        algorithm,
        expectedIssuer: server.baseUrl,
      });
      await expect(callTool(other, mode)).rejects.toThrow();
    },
  );
});

describe('oauth4webapi', () => {
  const insecure = { [oauth.allowInsecureRequests]: true } as const;

  it.each(['EdDSA', 'ES256', 'RS256', 'PS256'] as const)(
    'gets and revokes a token with private_key_jwt and %s [MCP-CC-02, RFC7523-07]',
    async (algorithm) => {
      const issuer = new URL(server.baseUrl);
      const as = await oauth.processDiscoveryResponse(
        issuer,
        await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
      );
      const { privateKey, publicKey } = await oauth.generateKeyPair(algorithm === 'EdDSA' ? 'Ed25519' : algorithm, {
        extractable: true,
      });
      const jwk = { ...(await crypto.subtle.exportKey('jwk', publicKey)), kid: 'k1' };
      const { key_ops: _, ext: __, ...published } = jwk;
      const { clientId } = await added({ jwks: { keys: [published] } } as ClientKeys);
      const client: oauth.Client = { client_id: clientId };
      const authentication = oauth.PrivateKeyJwt({ key: privateKey, kid: 'k1' });
      const parameters = { scope: 'notes:read', resource: server.mcpUrl };
      const response = await oauth.clientCredentialsGrantRequest(as, client, authentication, parameters, insecure);
      const tokens = await oauth.processClientCredentialsResponse(as, client, response);
      expect((await server.post(tokens.access_token)).status).toBe(200);
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(as, client, authentication, tokens.access_token, insecure),
      );
      expect((await server.post(tokens.access_token)).status).toBe(401);
    },
  );
});

describe('openid-client', () => {
  const options: openid.DiscoveryRequestOptions = { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] };

  it('gets tokens with a secret in the body, and with a key [MCP-CC-02]', async () => {
    const { clientId, clientSecret } = await added('client_secret_post');
    const bySecret = await openid.discovery(
      new URL(server.baseUrl),
      clientId,
      {},
      openid.ClientSecretPost(clientSecret),
      options,
    );
    const key = TestClientKey.generate('ES256');
    const signing = await added({ jwks: key.jwks } as ClientKeys);
    const pkcs8 = key.privateKey.export({ format: 'der', type: 'pkcs8' });
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    const privateKey = await crypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), algorithm, false, ['sign']);
    const authentication = openid.PrivateKeyJwt({ key: privateKey, kid: key.keyId });
    const byKey = await openid.discovery(new URL(server.baseUrl), signing.clientId, {}, authentication, options);
    for (const config of [bySecret, byKey]) {
      const asked = { scope: 'notes:read', resource: server.mcpUrl };
      const { access_token } = await openid.clientCredentialsGrant(config, asked);
      expect((await server.post(access_token)).status).toBe(200);
      const wider = openid.clientCredentialsGrant(config, { scope: 'notes:read notes:write' });
      await expect(wider).rejects.toMatchObject({ error: 'invalid_scope' });
    }
  });
});
