import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../test/support/any-text.ts';
import {
  ConfigurationError,
  canonicalResource,
  checkPublicUrl,
  isLoopbackHost,
  pathOf,
  wellKnownPath,
} from './urls.ts';

describe('isLoopbackHost', () => {
  it.each(['localhost', '127.0.0.1', '127.255.1.2', '[::1]', '::1', '[::ffff:127.0.0.1]'])(
    'takes %s for this machine',
    (host) => {
      expect(isLoopbackHost(host)).toBe(true);
    },
  );

  it.each([
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'localhost.',
    'evil-localhost',
    '128.0.0.1',
    '0.0.0.0',
    '[::]',
    '[::2]',
    '10.0.0.1',
    '',
  ])('takes %j for another machine', (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  });
});

describe('checkPublicUrl', () => {
  it.each([
    'https://mcp.example.com',
    'https://mcp.example.com/',
    'https://mcp.example.com/api',
    'http://localhost:3000',
    'http://127.0.0.1',
    'http://[::1]:8080/x',
  ])('accepts %s', (url) => {
    expect(checkPublicUrl('baseUrl', url)).toBeInstanceOf(URL);
  });

  it.each([
    'http://mcp.example.com',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'ftp://localhost',
    'mcp.example.com',
    '/api',
    '',
    'https://mcp.example.com?',
    'https://mcp.example.com?a=b',
    'https://mcp.example.com#',
    'https://mcp.example.com/#a',
    'https://user@mcp.example.com',
    'https://user:password@mcp.example.com',
    'https://@mcp.example.com',
    ' https://mcp.example.com',
    'https://mcp.example.com\n',
    'https://mcp.example.com/\u0000',
    'https:\\\\mcp.example.com',
    'https:mcp.example.com',
    'https:/mcp.example.com',
    'https:///mcp.example.com',
    'https://mcp.example.com/a/../b',
    'https://bücher.example',
    'https://mcp.example.com/"x',
  ])('refuses %j and names the setting [CASE-88, PITFALL-28, RFC8414-01, RFC9207-02]', (url) => {
    expect(() => checkPublicUrl('issuerUrl', url)).toThrow(ConfigurationError);
    expect(() => checkPublicUrl('issuerUrl', url)).toThrow('issuerUrl');
  });
});

describe('canonicalResource', () => {
  it('is idempotent, and whatever it returns is an absolute http URL without fragment', () => {
    const urls = fc.oneof(
      anyText({ maxLength: 20 }).map((rest) => `https://host${rest}`),
      fc
        .string({ unit: fc.constantFrom(...'aA/.:@?#%2e~[]1 \\'), maxLength: 20 })
        .map((rest) => `HTTPS://a.Example${rest}`),
    );
    fc.assert(
      fc.property(urls, (value) => {
        const once = canonicalResource(value);
        if (once === undefined) return;
        expect(canonicalResource(once)).toBe(once);
        expect(once).toMatch(/^https?:\/\/[^/?#@\s]+([/?][^#\s]*)?$/);
        const [read, meant] = [new URL(once), new URL(value)];
        expect([read.origin, read.pathname, read.search]).toEqual([meant.origin, meant.pathname, meant.search]);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['HTTPS://MCP.Example.COM:443/', 'https://mcp.example.com'],
    ['https://mcp.example.com/MCP', 'https://mcp.example.com/MCP'],
    ['https://mcp.example.com/mcp/', 'https://mcp.example.com/mcp/'],
    ['http://localhost:80/a', 'http://localhost/a'],
    ['https://mcp.example.com/mcp?x=1', 'https://mcp.example.com/mcp?x=1'],
  ])('reads %s as %s [PITFALL-09, MCP-AUTH-11]', (value, canonical) => {
    expect(canonicalResource(value)).toBe(canonical);
  });

  it.each([
    '/mcp',
    'mcp',
    'https://a/#',
    'https://a/mcp#x',
    'urn:a:b',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://u@a/',
    'https://a/ b',
    'https:\\\\a',
  ])('takes %s for no resource [RFC8707-01, RFC8707-02]', (value) => {
    expect(canonicalResource(value)).toBeUndefined();
  });
});

describe('wellKnownPath', () => {
  it('stands between host and path, without the slash at the end [RFC8414-07, RFC9728-04]', () => {
    expect(wellKnownPath('oauth-authorization-server', 'https://a.example')).toBe(
      '/.well-known/oauth-authorization-server',
    );
    expect(wellKnownPath('oauth-authorization-server', 'https://a.example/')).toBe(
      '/.well-known/oauth-authorization-server',
    );
    expect(wellKnownPath('oauth-protected-resource', 'https://a.example/a/b/')).toBe(
      '/.well-known/oauth-protected-resource/a/b',
    );
    expect(pathOf('https://a.example/')).toBe('');
  });
});
