import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Client,
  CrossAppAccessProvider,
  discoverAndRequestJwtAuthGrant,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { addApp, appId } from '../protocol/assertion-peer.ts';
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts';
import { type NotesServer, startNotesServer } from '../support/notes-server.ts';

type Issuer = NonNullable<NonNullable<PortcullisConfig['identityAssertions']>['issuers']>[number];

const ada = {
  sub: '00u-ada',
  claims: { email: 'ada@example.com', email_verified: true, preferred_username: 'ada', name: 'Ada Lovelace' },
};

interface Enterprise {
  readonly idp: IdentityProvider;
  readonly server: NotesServer;
}

/** An identity provider, the notes server that trusts it, and an app that both know. */
async function start(users: Issuer['users']): Promise<Enterprise> {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-enterprise-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const idp = await startIdentityProvider();
  onTestFinished(() => idp.close());
  const caFile = join(directory, 'idp.pem');
  writeFileSync(caFile, idp.host.exception.ca);
  const server = await startNotesServer({
    config: {
      egress: { enabled: true, privateHosts: [{ host: idp.host.exception.host, caFile }] },
      identityAssertions: { issuers: [{ issuer: idp.issuer, keysUrl: `${idp.issuer}/jwks`, users }] },
    },
  });
  onTestFinished(() => server.close());
  await addApp(server.portcullis, {
    tokenEndpointAuthMethod: 'client_secret_basic',
    scopes: ['notes:read', 'notes:write'],
  });
  idp.policy = {
    app: idp.app.clientId,
    audience: server.portcullis.settings.issuer,
    resource: server.mcpUrl,
    clientId: appId,
    scopes: ['notes:read'],
  };
  return { idp, server };
}

/** The official client's provider for an employee who is signed in to the app. */
function crossApp({ idp, server }: Enterprise, idToken: string): CrossAppAccessProvider {
  return new CrossAppAccessProvider({
    clientId: appId,
    clientSecret: `secret of ${appId}`,
    expectedIssuer: server.portcullis.settings.issuer,
    fetchFn: idp.fetch,
    assertion: async ({ authorizationServerUrl, resourceUrl, scope, fetchFn }) => {
      const { jwtAuthGrant } = await discoverAndRequestJwtAuthGrant({
        idpUrl: idp.issuer,
        audience: authorizationServerUrl,
        resource: resourceUrl,
        idToken,
        clientId: idp.app.clientId,
        clientSecret: idp.app.clientSecret,
        fetchFn,
        ...(scope === undefined ? {} : { scope }),
      });
      return jwtAuthGrant;
    },
  });
}

async function callTool(server: NotesServer, authProvider: CrossAppAccessProvider, tool: string, input = {}) {
  const client = new Client(
    { name: 'team app', version: '1' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL(server.mcpUrl), { authProvider }));
    return await client.callTool({ name: tool, arguments: input });
  } finally {
    await client.close();
  }
}

describe('the official client, an identity provider (oidc-provider) and this server', () => {
  it('an employee who signed in to the app calls a tool, and is asked nothing here [MCP-EMA-01, MCP-EMA-08, CASE-89]', async () => {
    const enterprise = await start({ create: true });
    const { idp, server } = enterprise;
    const provider = crossApp(enterprise, await idp.signIn(ada));
    const { content } = await callTool(server, provider, 'list_notes');
    expect(content).toEqual([expect.objectContaining({ type: 'text' })]);
    const tokens = provider.tokens();
    expect(tokens).toMatchObject({ token_type: 'Bearer', scope: 'notes:read' });
    expect(tokens).not.toHaveProperty('refresh_token');
    const [user] = await server.portcullis.services.users.list();
    expect(user).toMatchObject({
      userName: 'ada',
      displayName: 'Ada Lovelace',
      email: 'ada@example.com',
      role: 'user',
    });
    const token = await server.portcullis.verifyToken(tokens?.access_token ?? '');
    expect(token).toMatchObject({ subject: user?.userId, clientId: appId, scopes: ['notes:read'] });
    expect(Number(token?.claims?.['auth_time'])).toBeGreaterThan(0);
  });

  it('a tool beyond what the enterprise allows stays closed, whatever the client asks for', async () => {
    const enterprise = await start({ create: true });
    const provider = crossApp(enterprise, await enterprise.idp.signIn(ada));
    await expect(callTool(enterprise.server, provider, 'add_note', { text: 'x' })).rejects.toThrow();
    expect(provider.tokens()?.scope).toBe('notes:read');
  });

  it('where the enterprise says no there is no token, and where nobody is linked there is none either', async () => {
    const enterprise = await start({});
    const { idp, server } = enterprise;
    const idToken = await idp.signIn(ada);
    await expect(callTool(server, crossApp(enterprise, idToken), 'list_notes')).rejects.toThrow(/no active account/);
    const user = await server.addUser('ada');
    await server.portcullis.services.externalIdentities.link({ issuer: idp.issuer, subject: ada.sub }, user.userId);
    expect(await callTool(server, crossApp(enterprise, idToken), 'list_notes')).toBeDefined();
    idp.policy = undefined;
    await expect(callTool(server, crossApp(enterprise, idToken), 'list_notes')).rejects.toThrow(
      /does not let this app/,
    );
  });

  it('an ID token is no assertion [MCP-EMA-02]', async () => {
    const enterprise = await start({ create: true });
    const idToken = await enterprise.idp.signIn(ada);
    const provider = new CrossAppAccessProvider({
      clientId: appId,
      clientSecret: `secret of ${appId}`,
      expectedIssuer: enterprise.server.portcullis.settings.issuer,
      assertion: async () => idToken,
    });
    await expect(callTool(enterprise.server, provider, 'list_notes')).rejects.toThrow(/oauth-id-jag\+jwt/);
  });
});
