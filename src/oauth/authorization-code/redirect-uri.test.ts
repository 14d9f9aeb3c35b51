import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../test/support/any-text.ts';
import { OAuthError } from '../../core/errors.ts';
import type { ClientId } from '../../core/ids.ts';
import type { ApplicationType, Client } from '../../core/records.ts';
import { isLoopbackHost } from '../../core/urls.ts';
import { checkRedirectUris } from '../register/redirect-uris.ts';
import { redirectWithError } from './failure.ts';
import { ValidatedRedirectUri } from './redirect-uri.ts';

function clientWith(redirectUris: readonly string[], applicationType?: ApplicationType): Client {
  return {
    clientId: 'c' as ClientId,
    tokenEndpointAuthMethod: 'none',
    redirectUris,
    grantTypes: ['authorization_code'],
    responseTypes: ['code'],
    scopes: [],
    registeredBy: 'dynamic',
    issuedAt: 0,
    ...(applicationType === undefined ? {} : { applicationType }),
  };
}

function accepts(registered: string, requested: string): boolean {
  try {
    return ValidatedRedirectUri.match(clientWith([registered]), requested).toString() === requested;
  } catch (error) {
    expect(error).toBeInstanceOf(OAuthError);
    return false;
  }
}

const port = fc.integer({ min: 1, max: 65_535 });
const path = fc.string({ unit: fc.constantFrom(...'abc/.?=&%41'), maxLength: 12 }).map((rest) => `/${rest}`);
const loopbackHost = fc.constantFrom('localhost', '127.0.0.1', '[::1]');

describe('the parameters of a response', () => {
  it.each([
    ['https://a.example/cb', 'https://a.example/cb?code=c'],
    ['https://a.example/cb?', 'https://a.example/cb?code=c'],
    ['https://a.example/cb?x=1', 'https://a.example/cb?x=1&code=c'],
    ['https://a.example/cb?x=1&', 'https://a.example/cb?x=1&code=c'],
  ])('are appended to %s, which stays as it was registered', (registered, location) => {
    expect(ValidatedRedirectUri.match(clientWith([registered]), undefined).with({ code: 'c' })).toBe(location);
  });
});

describe('ValidatedRedirectUri.match', () => {
  it('takes no address that only ends like a registered loopback address [PITFALL-01, RFC8252-04]', () => {
    for (const prefix of ['https://evil.example/?', 'https://evil.example/#', 'javascript:alert(1)//', 'x'])
      expect(accepts('http://localhost/cb', `${prefix}http://localhost:1/cb`)).toBe(false);
  });

  it('takes the ports that there are, for a loopback address without a path too [PITFALL-08]', () => {
    for (const registered of ['http://localhost', 'http://127.0.0.1/cb', 'http://[::1]?x']) {
      const at = (number: string) => registered.replace(/(localhost|127\.0\.0\.1|\[::1\])/, `$1:${number}`);
      for (const number of ['1', '65535']) expect(accepts(registered, at(number)), at(number)).toBe(true);
      for (const number of ['0', '65536', '']) expect(accepts(registered, at(number)), at(number)).toBe(false);
    }
  });

  it('accepts any port of a registered loopback address, and gives back what was asked for [CASE-35, PITFALL-08, RFC8252-02, OAUTH21-34, OAUTH21-71]', () => {
    fc.assert(
      fc.property(loopbackHost, path, fc.option(port), fc.option(port), (host, rest, one, other) => {
        const at = (chosen: number | null) => `http://${host}${chosen === null ? '' : `:${chosen}`}${rest}`;
        expect(accepts(at(one), at(other))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('accepts nothing that was not registered, the loopback port apart [PITFALL-01, PITFALL-08, CASE-32, RFC8252-04, OAUTH21-09, MCP-BP-15]', () => {
    const authority = fc.constantFrom(
      'localhost',
      '127.0.0.1',
      '[::1]',
      '127.0.0.2',
      'a.example',
      'LOCALHOST',
      'localhost.a.example',
      'localhost@a.example',
    );
    const uri = fc
      .tuple(
        fc.constantFrom('http', 'https', 'HTTP', 'com.example.app'),
        authority,
        fc.oneof(
          fc.constant(''),
          port.map((number) => `:${number}`),
          fc.constantFrom(':', ':0', ':99999', ':80@a.example', ':8x'),
        ),
        path,
      )
      .map(([scheme, host, suffix, rest]) => `${scheme}://${host}${suffix}${rest}`);
    const withoutLoopbackPort = (value: string) =>
      value.replace(/^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])):[1-9]\d{0,4}(?=[/?]|$)/, '$1');
    fc.assert(
      fc.property(uri, fc.oneof(uri, fc.constant('')), (registered, other) => {
        const requested = other === '' ? `${registered}x` : other;
        if (accepts(registered, requested))
          expect(withoutLoopbackPort(requested)).toBe(withoutLoopbackPort(registered));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['http://localhost/cb', 'http://127.0.0.1/cb'],
    ['http://localhost/cb', 'http://localhost:0/cb'],
    ['http://localhost/cb', 'http://localhost:65536/cb'],
    ['http://localhost/cb', 'http://localhost:80@evil.example/cb'],
    ['http://localhost/cb', 'http://localhost:1234.evil.example/cb'],
    ['http://localhost/cb', 'http://localhost:1234\\@evil.example/cb'],
    ['http://localhost/cb', 'https://localhost:1234/cb'],
    ['http://localhost/cb', 'http://LOCALHOST/cb'],
    ['http://localhost/cb', 'http://localhost/cb/'],
    ['http://localhost/cb', 'http://localhost/a/../cb'],
    ['http://localhost/cb', 'http://localhost/cb?x'],
    ['http://localhost/cb', 'http://localhost/cb#x'],
    ['http://localhost/cb', 'http://localhost/cb\n'],
    ['https://a.example/cb', 'https://a.example:8443/cb'],
    ['https://a.example/cb', 'https://A.example/cb'],
    ['https://a.example/cb', 'https://a.example/a/../cb'],
    ['https://a.example/cb', 'https://a.example/%63b'],
    ['https://a.example/cb', 'https://a.example/cbx'],
    ['https://a.example/cb?x=1', 'https://a.example/cb'],
    ['http://10.0.0.1/cb', 'http://10.0.0.1:8080/cb'],
    ['com.example.app:/cb', 'com.example.app:/cb2'],
  ])(
    'refuses for %s the request for %j [CASE-36, PITFALL-08, OAUTH21-33, MCP-SEC-11, MCP-BP-13, MCP-BP-14]',
    (registered, requested) => {
      expect(accepts(registered, requested)).toBe(false);
    },
  );

  it('lets loopback ports differ whatever the application type [PITFALL-08]', () => {
    for (const type of ['native', 'web', undefined] as const) {
      const client = clientWith(['http://localhost/cb'], type);
      expect(ValidatedRedirectUri.match(client, 'http://localhost:1/cb').toString()).toBe('http://localhost:1/cb');
    }
  });

  it('takes an omitted URI for the only registered one, and refuses to choose among several [CASE-33, CASE-34]', () => {
    expect(ValidatedRedirectUri.match(clientWith(['https://a.example/cb']), undefined).toString()).toBe(
      'https://a.example/cb',
    );
    for (const uris of [[], ['https://a.example/1', 'https://a.example/2']]) {
      expect(() => ValidatedRedirectUri.match(clientWith(uris), undefined)).toThrow('redirect_uri is required');
    }
  });
});

describe('ValidatedRedirectUri', () => {
  it('cannot be made by anything but match, and nothing else is redirected to [PITFALL-01]', () => {
    const forged = Object.create(ValidatedRedirectUri.prototype) as ValidatedRedirectUri;
    const lookalike = {
      toString: () => 'https://evil.example/',
      with: () => 'https://evil.example/',
    } as unknown as ValidatedRedirectUri;
    for (const value of [forged, lookalike]) {
      expect(() => ValidatedRedirectUri.assert(value)).toThrow(TypeError);
      expect(() =>
        redirectWithError(value, new OAuthError('access_denied', 'x'), undefined, 'https://a.example'),
      ).toThrow(TypeError);
    }
  });

  it('adds parameters that a URL parser reads back, and keeps the URI with its query byte for byte [CASE-47, OAUTH21-06]', () => {
    const text = anyText({ minLength: 1, maxLength: 20 }).map((value) => value.toWellFormed());
    const query = fc.oneof(
      fc.constantFrom('', '?', '?flag', '?flag&x=1', '?x=1&', '?a=%20+b&&', '?q=a?b'),
      fc.string({ unit: fc.constantFrom(...'ax=&%2?+'), maxLength: 8 }).map((rest) => `?${rest}`),
    );
    const base = fc.constantFrom(
      'https://a.example',
      'https://a.example/cb',
      'http://localhost:9999/cb',
      'com.example.app:/cb',
      'com.example.app://host/cb',
      'cursor:cb',
    );
    fc.assert(
      fc.property(base, query, text, fc.option(text, { nil: undefined }), (start, rest, code, state) => {
        const uri = `${start}${rest}`;
        const location = ValidatedRedirectUri.match(clientWith([uri]), uri).with({
          code,
          state,
          iss: 'https://a.example',
        });
        expect(location.startsWith(uri)).toBe(true);
        expect(location).toMatch(/^[\x21-\x7e]+$/);
        const read = new URL(location).searchParams;
        expect(read.getAll('code')).toEqual([code]);
        expect(read.getAll('state')).toEqual(state === undefined ? [] : [state]);
        expect(read.getAll('iss')).toEqual(['https://a.example']);
        const own = [...new URL(uri).searchParams];
        expect([...read].slice(0, own.length)).toEqual(own);
      }),
      { numRuns: 300 },
    );
  });
});

describe('what registration accepts', () => {
  it('can be redirected to: code, state and iss arrive, and its own query is kept [CASE-47]', () => {
    const alphabet = [...'abcxyzAZ09-._~:/?[]@!$&()+,;=%2e \\*<>"{}|^`', "'", '\t', '\n', '\0', 'é'];
    const uri = fc
      .tuple(
        fc.constantFrom(
          'https://a.example',
          'http://localhost:8080',
          'http://127.0.0.1',
          'http://[::1]:1',
          'com.example.app:',
          'cursor://x',
          'https:',
          'https://',
          'http://a.example',
          'javascript:',
          'data:',
          '//a.example',
          '',
        ),
        fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 14 }),
      )
      .map(([start, rest]) => `${start}${rest}`);
    let accepted = 0;
    fc.assert(
      fc.property(uri, (value) => {
        try {
          checkRedirectUris([value], undefined, []);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_redirect_uri', status: 400 });
          return;
        }
        accepted += 1;
        expect(value).toMatch(/^[\x21-\x7e]+$/);
        expect(value).not.toMatch(/[\\*#]/);
        const url = new URL(value);
        expect(['https:', 'http:', 'com.example.app:', 'cursor:']).toContain(url.protocol);
        if (url.protocol === 'http:') expect(isLoopbackHost(url.hostname)).toBe(true);
        expect([url.username, url.password, url.hash]).toEqual(['', '', '']);
        const location = ValidatedRedirectUri.match(clientWith([value]), value).with({
          code: 'a b&c',
          state: '=é',
          iss: 'https://i.example',
        });
        const read = new URL(location);
        expect([read.protocol, read.host, read.pathname]).toEqual([url.protocol, url.host, url.pathname]);
        expect([...read.searchParams]).toEqual([
          ...url.searchParams,
          ['code', 'a b&c'],
          ['state', '=é'],
          ['iss', 'https://i.example'],
        ]);
      }),
      { numRuns: 1500 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
