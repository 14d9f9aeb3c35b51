import { Client, DpopSession, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import * as oauth from 'oauth4webapi';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { type NotesServer, password, startNotesServer } from '../support/notes-server.ts';
import { ClientState } from './client-state.ts';
import { HeadlessBrowser } from './headless-browser.ts';

const person = { username: 'ada', password };

async function start(dpop: PortcullisConfig['dpop']): Promise<NotesServer> {
  const server = await startNotesServer({ config: { dpop } });
  onTestFinished(() => server.close());
  await server.addUser(person.username);
  return server;
}

/** What the official client keeps where it binds its tokens to a key. */
class BoundState extends ClientState {
  session: DpopSession;

  constructor(session: DpopSession) {
    super();
    this.session = session;
  }

  dpop(): DpopSession {
    return this.session;
  }
}

/** Connects the official client and calls a tool; the person signs in and allows what is asked wherever they are sent. */
async function callTool(server: NotesServer, state: ClientState, versionNegotiation: object): Promise<unknown> {
  const browser = new HeadlessBrowser(server.baseUrl, person);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation });
    const transport = new StreamableHTTPClientTransport(new URL(server.mcpUrl), { authProvider: state });
    try {
      await client.connect(transport);
      const { content } = await client.callTool({ name: 'list_notes', arguments: {} });
      return content;
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
      await transport.finishAuth(state.receive(await browser.authorize(state.takeAuthorizationUrl())));
    } finally {
      await client.close();
    }
  }
  throw new Error('the client was sent to the authorization endpoint again');
}

const policies: readonly NonNullable<PortcullisConfig['dpop']>[] = [
  {},
  { nonce: 'required' },
  { required: true },
  { required: true, nonce: 'required' },
];
const revisions = [
  ['2026-07-28', { mode: { pin: '2026-07-28' } }],
  ['2025-11-25', { mode: 'legacy' }],
] as const;

describe.each(revisions)('@modelcontextprotocol/client with dpop(), revision %s', (_revision, negotiation) => {
  it.each(policies)(
    'connects, calls and refreshes, with the server at %j [RFC9449-05, RFC9449-14, RFC9449-19]',
    async (policy) => {
      const server = await start(policy);
      const state = new BoundState(await DpopSession.create());
      expect(await callTool(server, state, negotiation)).toHaveLength(1);
      expect(state.current?.token_type.toLowerCase()).toBe('dpop');
      expect((await server.post(state.current?.access_token ?? '')).status).toBe(401);

      const first = state.current;
      if (first === undefined) throw new Error('there are no tokens');
      state.current = { ...first, access_token: `${first.access_token}x` };
      expect(await callTool(server, state, negotiation)).toHaveLength(1);
      expect(state.current.refresh_token).not.toBe(first.refresh_token);
      expect(state.authorizationUrl).toBeUndefined();
    },
  );

  it('that has lost its key authorizes once more', async () => {
    const server = await start({});
    const state = new BoundState(await DpopSession.create());
    await callTool(server, state, negotiation);
    const [{ refresh_token } = {}] = [state.current];
    state.session = await DpopSession.create({ alg: 'EdDSA' });
    expect(await callTool(server, state, negotiation)).toHaveLength(1);
    expect(state.current?.refresh_token).not.toBe(refresh_token);
    const refused = server.events.filter(({ name }) => name === 'proof.refused');
    expect(refused.map(({ reason }) => reason)).toEqual([expect.stringContaining('bound to a key')]);
  });
});

describe.each(['ES256', 'Ed25519', 'RS256', 'PS256'])('oauth4webapi with a DPoP key for %s', (algorithm) => {
  const insecure = { [oauth.allowInsecureRequests]: true } as const;
  const redirectUri = 'http://127.0.0.1:47110/callback';

  it.each([{}, { required: true, nonce: 'required' }] as const)(
    'pushes a request, redeems its code, calls a tool and refreshes, with the server at %j [RFC9449-13, RFC9449-17, RFC9449-18, RFC9449-32]',
    async (policy) => {
      const server = await start(policy);
      const issuer = new URL(server.baseUrl);
      const metadata = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
      const as = await oauth.processDiscoveryResponse(issuer, metadata);
      expect(as.dpop_signing_alg_values_supported).toContain(algorithm);
      const registration = {
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'none',
        dpop_bound_access_tokens: true,
      };
      const client = await oauth.processDynamicClientRegistrationResponse(
        await oauth.dynamicClientRegistrationRequest(as, registration, insecure),
      );
      const DPoP = oauth.DPoP({}, await oauth.generateKeyPair(algorithm));
      const options = { DPoP, ...insecure };
      /** Sends once more where the library says that the nonce was missing. */
      const retried = async <Result>(send: () => Promise<Result>): Promise<Result> => {
        try {
          return await send();
        } catch (error) {
          if (!oauth.isDPoPNonceError(error)) throw error;
          return send();
        }
      };

      const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()];
      const parameters = new URLSearchParams({
        response_type: 'code',
        redirect_uri: redirectUri,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
      });
      const pushed = await retried(async () =>
        oauth.processPushedAuthorizationResponse(
          as,
          client,
          await oauth.pushedAuthorizationRequest(as, client, oauth.None(), parameters, options),
        ),
      );
      const url = new URL(as.authorization_endpoint ?? '');
      url.search = new URLSearchParams({ client_id: client.client_id, request_uri: pushed.request_uri }).toString();
      const callback = await new HeadlessBrowser(server.baseUrl, person).authorize(url);
      const answered = oauth.validateAuthResponse(as, client, callback, state);
      const tokens = await retried(async () =>
        oauth.processAuthorizationCodeResponse(
          as,
          client,
          await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), answered, redirectUri, verifier, options),
        ),
      );
      expect(tokens.token_type).toBe('dpop');

      const call = (accessToken: string) =>
        retried(async () => {
          const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
          const headers = new Headers({
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
          });
          return oauth.protectedResourceRequest(accessToken, 'POST', new URL(server.mcpUrl), headers, body, options);
        });
      expect((await call(tokens.access_token)).status).toBe(200);
      const refreshed = await retried(async () =>
        oauth.processRefreshTokenResponse(
          as,
          client,
          await oauth.refreshTokenGrantRequest(as, client, oauth.None(), tokens.refresh_token ?? '', options),
        ),
      );
      expect((await call(refreshed.access_token)).status).toBe(200);

      const judged = Promise.withResolvers<Request>();
      await oauth.protectedResourceRequest(refreshed.access_token, 'GET', new URL(server.mcpUrl), undefined, null, {
        ...options,
        [oauth.customFetch]: async (target, { method, headers }) => {
          judged.resolve(new Request(target, { method, headers }));
          return new Response();
        },
      });
      const claims = await oauth.validateJwtAccessToken(as, await judged.promise, server.mcpUrl, {
        requireDPoP: true,
        ...insecure,
      });
      expect(claims.cnf).toEqual({ jkt: await DPoP.calculateThumbprint() });
    },
  );
});
