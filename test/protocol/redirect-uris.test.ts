import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../support/any-text.ts';
import {
  base,
  challenge,
  expectError,
  form,
  peersOf,
  providers,
  redirectUri,
  resource,
  validRequest,
} from './support.ts';

describe.each(providers)('redirect URIs at $name', (kind) => {
  const peer = peersOf(kind);

  it('a redirect URI that is not registered is refused on the spot [CASE-32, OAUTH21-11, RFC6749-03, PITFALL-01, RFC9700-01]', async () => {
    const server = await peer();
    const client = await server.register();
    for (const uri of [
      'https://evil.example/cb',
      'http://localhost:9999/cb2',
      'javascript:alert(1)',
      '//evil.example',
      '/cb',
      `${redirectUri}#x`,
      `${redirectUri}?x`,
    ]) {
      expect(
        await expectError(await server.authorize(client, { redirect_uri: uri }), 400, 'invalid_request'),
      ).toContain('redirect_uri');
    }
  });

  it('an omitted redirect URI stands for the only registered one [CASE-33]', async () => {
    const server = await peer();
    const target = await server.authorized(await server.register(), { redirect_uri: undefined });
    expect(`${target.origin}${target.pathname}`).toBe(redirectUri);
  });

  it('an omitted redirect URI is refused where there are two to choose from [CASE-34]', async () => {
    const server = await peer();
    const client = await server.register({ redirect_uris: [redirectUri, 'https://a.example/cb'] });
    expect(
      await expectError(await server.authorize(client, { redirect_uri: undefined }), 400, 'invalid_request'),
    ).toContain('redirect_uri');
  });

  it.each(['http://localhost', 'http://127.0.0.1', 'http://[::1]'])(
    'a client of %s may come with any port, with or without one registered [CASE-35, PITFALL-08, RFC8252-02, OAUTH21-34, OAUTH21-71]',
    async (host) => {
      const server = await peer();
      for (const [registered, requested] of [
        ['', ':1234'],
        [':9999', ':1234'],
        [':9999', ''],
      ] as const) {
        const client = await server.register({
          redirect_uris: [`${host}${registered}/callback`],
          application_type: 'native',
        });
        const target = await server.authorized(client, { redirect_uri: `${host}${requested}/callback` });
        expect(target.href).toMatch(new RegExp(`^${`${host}${requested}/callback`.replace(/[[\]]/g, '\\$&')}\\?code=`));
      }
    },
  );

  it('a redirect URI that differs in case, encoding or by dot segments is refused [CASE-36, OAUTH21-33, PITFALL-08]', async () => {
    const server = await peer();
    const client = await server.register({ redirect_uris: ['https://a.example/cb', redirectUri] });
    for (const uri of [
      'https://A.example/cb',
      'https://a.example/x/../cb',
      'https://a.example/%63b',
      'https://a.example:443/cb',
      'https://a.example:8443/cb',
      'HTTP://localhost:9999/cb',
      'http://LOCALHOST:9999/cb',
      'http://localhost:9999/x/../cb',
    ]) {
      await expectError(await server.authorize(client, { redirect_uri: uri }), 400, 'invalid_request');
    }
  });

  it.each(['?flag&x=1', '?', '?x=%20+y&', '?a=b?c', '??'])(
    'a redirect URI that ends in %s keeps its query byte for byte, with code and errors alike [CASE-47, OAUTH21-06]',
    async (query) => {
      const uri = `https://a.example/cb${query}`;
      const server = await peer();
      const client = await server.register({ redirect_uris: [uri] });
      const own = [...new URL(uri).searchParams];
      const refused = await server.authorize(client, { redirect_uri: uri, response_type: 'x' });
      const error = refused.headers.get('location') ?? '';
      expect(error.startsWith(uri)).toBe(true);
      expect([...new URL(error).searchParams.keys()]).toEqual([
        ...own.map(([name]) => name),
        'error',
        'error_description',
        'state',
        'iss',
      ]);
      const target = await server.authorized(client, { redirect_uri: uri });
      expect(target.href.startsWith(uri)).toBe(true);
      expect([...target.searchParams]).toEqual([
        ...own,
        ['code', expect.any(String)],
        ['state', 'st4te &=é'],
        ['iss', base],
      ]);
    },
  );

  it('state and iss are added to what a subclass sends straight to the client, and its query is kept [CASE-47, RFC9207-01, OAUTH21-38]', async () => {
    const server = await peer();
    const uri = 'https://a.example/cb?flag&x=%7e';
    const client = await server.register({ redirect_uris: [uri] });
    for (const answer of ['code=abc', 'error=access_denied']) {
      server.provider.authorize = async () => new URL(`${uri}&${answer}`);
      const response = await server.authorize(client, { redirect_uri: uri });
      expect(response.headers.get('location')).toBe(
        `${uri}&${answer}&state=st4te+%26%3D%C3%A9&iss=${encodeURIComponent(base)}`,
      );
    }
  });

  it('a page of a subclass gets neither state nor iss, even where its address resembles the client’s', async () => {
    const server = await peer();
    const uri = 'com.example.app://client/cb';
    const client = await server.register({ redirect_uris: [uri] });
    for (const page of [
      'https://sign-in.example/cb?code=x',
      'com.example.app://other/cb?code=x',
      'com.example.app://client/cb2?code=x',
    ]) {
      server.provider.authorize = async () => new URL(page);
      expect((await server.authorize(client, { redirect_uri: uri })).headers.get('location')).toBe(page);
    }
  });

  it('whatever the request, the browser is sent to a registered redirect URI or nowhere [PITFALL-01, MCP-SEC-12, RFC9700-01]', async () => {
    const server = await peer();
    const client = await server.register({ redirect_uris: [redirectUri, 'https://a.example/cb?x=1'] });
    const value = fc.oneof(
      fc.constantFrom(
        redirectUri,
        'https://a.example/cb?x=1',
        'http://localhost:1/cb',
        'https://evil.example',
        `${redirectUri}@evil.example`,
        'https://a.example/cb?x=1&code=1',
        'code',
        'S256',
        challenge,
        client.client_id,
        'read',
        resource,
        '\r\nLocation: https://evil.example',
        '//evil.example',
        '',
      ),
      anyText({ maxLength: 12 }),
    );
    const names = fc.constantFrom(
      'client_id',
      'redirect_uri',
      'response_type',
      'state',
      'scope',
      'code_challenge',
      'code_challenge_method',
      'resource',
      'prompt',
      'response_mode',
      'request',
      'login_hint',
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(names, value, { maxKeys: 3 }), fc.boolean(), async (changes, asForm) => {
        const request = validRequest(client, changes);
        const response = asForm
          ? await server.post('/authorize', request)
          : await server.send(`/authorize?${form(request)}`);
        expect(response.headers.get('cache-control')).toBe('no-store');
        const target = response.headers.get('location');
        if (target === null) {
          expect(response.status).toBe(400);
          return;
        }
        expect(response.status).toBe(302);
        const end = await server.running.approve(new URL(target));
        expect(end.href).toMatch(/^(http:\/\/localhost(:\d+)?\/cb\?|https:\/\/a\.example\/cb\?x=1&)(code|error)=/);
        expect(end.searchParams.getAll('iss')).toEqual([base]);
        const state = request['state'];
        expect(end.searchParams.getAll('state')).toEqual(state === undefined || state === '' ? [] : [state]);
      }),
      { numRuns: 100 },
    );
  });
});
