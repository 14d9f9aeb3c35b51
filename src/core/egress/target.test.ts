import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../test/support/any-text.ts';
import { certificateFor } from '../../../test/support/certificates.ts';
import { EgressError, type EgressErrorCode } from './errors.ts';
import { type EgressOptions, resolvePolicy } from './policy.ts';
import { parseTarget } from './target.ts';

const ca = certificateFor(['idp.internal']).pem;

function parse(url: string, options: EgressOptions = {}) {
  return parseTarget(url, resolvePolicy(options));
}

function codeOf(url: string, options: EgressOptions = {}): EgressErrorCode | 'accepted' {
  try {
    parse(url, options);
    return 'accepted';
  } catch (error) {
    if (error instanceof EgressError) return error.code;
    throw error;
  }
}

describe('a URL that may be fetched', () => {
  it.each([
    'https://app.example.com/client.json',
    'https://app.example.com',
    'https://app.example.com/',
    'https://app.example.com/a%20b?c=d&e=@',
    'https://xn--bcher-kva.example.com/client.json',
    'https://a_b.example.com/',
  ])('%s', (url) => {
    expect(parse(url)).toMatchObject({ port: 443, trust: { kind: 'public' } });
  });
});

describe('a URL that may not be fetched [PITFALL-17]', () => {
  it.each([
    ['http', 'http://app.example.com/'],
    ['http of this machine', 'http://localhost/'],
    ['another scheme', 'ftp://app.example.com/'],
    ['a file', 'file:///etc/passwd'],
    ['data', 'data:application/json,{}'],
    ['gopher', 'gopher://127.0.0.1:11211/'],
    ['no scheme', '//app.example.com/'],
    ['a path', '/client.json'],
    ['nothing', ''],
    ['a user', 'https://user@app.example.com/'],
    ['a password', 'https://user:password@app.example.com/'],
    ['an empty user', 'https://@app.example.com/'],
    ['a host in the user', 'https://app.example.com@127.0.0.1/'],
    ['a fragment', 'https://app.example.com/#a'],
    ['an empty fragment', 'https://app.example.com/#'],
    ['the default port', 'https://app.example.com:443/'],
    ['another port', 'https://app.example.com:8443/'],
    ['ssh', 'https://app.example.com:22/'],
    ['upper case', 'https://App.example.com/'],
    ['an upper-case scheme', 'HTTPS://app.example.com/'],
    ['a dot at the end', 'https://app.example.com./'],
    ['a dot segment', 'https://app.example.com/a/../b'],
    ['an encoded dot segment', 'https://app.example.com/%2e%2e/b'],
    ['a back-slash', 'https://app.example.com\\@127.0.0.1/'],
    ['a tab', 'https://app.exam\tple.com/'],
    ['a line', 'https://app.example.com/\r\nHost: a'],
    ['blanks around', ' https://app.example.com/ '],
    ['letters beyond ASCII', 'https://bücher.example.com/'],
    ['look-alike digits', 'https://①②⑦.⓪.⓪.①/'],
    ['a look-alike dot', 'https://127。0。0。1/'],
    ['an encoded host', 'https://%31%32%37.0.0.1/'],
    ['three slashes', 'https:///app.example.com/'],
    ['one slash', 'https:/app.example.com/'],
    ['IPv4', 'https://1.1.1.1/'],
    ['IPv4, loopback', 'https://127.0.0.1/'],
    ['IPv4, metadata', 'https://169.254.169.254/latest/meta-data/'],
    ['IPv4 as a number', 'https://2130706433/'],
    ['IPv4, octal', 'https://0177.0.0.1/'],
    ['IPv4, hexadecimal', 'https://0x7f.0.0.1/'],
    ['IPv4, hexadecimal as a number', 'https://0x7f000001/'],
    ['IPv4, short', 'https://127.1/'],
    ['IPv4 with a dot at the end', 'https://127.0.0.1./'],
    ['IPv6', 'https://[2606:4700::1111]/'],
    ['IPv6, loopback', 'https://[::1]/'],
    ['IPv6, mapped', 'https://[::ffff:127.0.0.1]/'],
    ['IPv6, mapped, in hexadecimal', 'https://[::ffff:7f00:1]/'],
    ['IPv6 with a zone', 'https://[fe80::1%25eth0]/'],
    ['too long', `https://app.example.com/${'a'.repeat(2048)}`],
  ])('%s: %s', (_what, url) => {
    expect(codeOf(url)).toBe('invalid_url');
  });

  it.each([
    'https://localhost/',
    'https://intranet/',
    'https://metadata/',
    'https://a.localhost/',
    'https://metadata.google.internal/',
    'https://printer.local/',
    'https://nas.home.arpa/',
    'https://a.onion/',
  ])('%s has no public name', (url) => {
    expect(codeOf(url)).toBe('host_refused');
  });

  it('no spelling of an address passes for a host name', () => {
    const part = fc.oneof(
      fc
        .integer({ min: 0, max: 0xff })
        .chain((value) =>
          fc.constantFrom(`${value}`, `0${value.toString(8)}`, `0x${value.toString(16)}`, `0X${value.toString(16)}`),
        ),
      fc.integer({ min: 0, max: 0xffffffff }).chain((value) => fc.constantFrom(`${value}`, `0x${value.toString(16)}`)),
    );
    const spelled = fc.tuple(fc.array(part, { minLength: 1, maxLength: 4 }), fc.constantFrom('', '.'));
    fc.assert(
      fc.property(spelled, ([parts, end]) => {
        expect(codeOf(`https://${parts.join('.')}${end}/`)).toBe('invalid_url');
      }),
      { numRuns: 1000 },
    );
  });

  it('whatever is accepted has one reading: https, a name, no credentials, and the same text again', () => {
    const pieces = fc.string({
      unit: fc.constantFrom('a', '.', '1', '0x', '@', ':', '/', '\\', '#', '?', '[', ']', '%', '%00', '。', '-', 'é'),
      maxLength: 20,
    });
    const texts = fc.oneof(
      anyText({ maxLength: 40 }),
      pieces.map((text) => `https://${text}`),
      pieces.map((text) => `https://app.example.com${text}`),
      pieces.map((text) => `https://${text}.example.com/`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        if (codeOf(text) !== 'accepted') return;
        const { url, host, port } = parse(text);
        expect([text, `${text}/`]).toContain(url.href);
        expect([url.protocol, url.username, url.password, url.hash, port]).toEqual(['https:', '', '', '', 443]);
        expect(isIP(host)).toBe(0);
        expect(host).toMatch(/^[a-z0-9._-]+\.[a-z0-9_-]+$/);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the rules of the operator', () => {
  it('denied hosts are refused, whatever else is allowed', () => {
    const options = { allowedHosts: ['*.example.com'], deniedHosts: ['bad.example.com', '*.worse.example.com'] };
    expect(codeOf('https://good.example.com/', options)).toBe('accepted');
    expect(codeOf('https://bad.example.com/', options)).toBe('host_refused');
    expect(codeOf('https://a.worse.example.com/', options)).toBe('host_refused');
  });

  it('with a list of allowed hosts no other is fetched from', () => {
    const options = { allowedHosts: ['apps.example.com', '*.trusted.example'] };
    expect(codeOf('https://apps.example.com/', options)).toBe('accepted');
    expect(codeOf('https://a.b.trusted.example/', options)).toBe('accepted');
    for (const host of [
      'example.com',
      'a.apps.example.com',
      'trusted.example',
      'untrusted.example',
      'xapps.example.com',
    ])
      expect(codeOf(`https://${host}/`, options)).toBe('host_refused');
    expect(codeOf('https://apps.example.com/', { allowedHosts: [] })).toBe('host_refused');
  });

  it('a private host is excepted with its port, and nothing beside it', () => {
    const options = {
      allowedHosts: [],
      privateHosts: ['idp.internal:8443', '10.0.0.5', '[fd00::5]:9443'].map((host) => ({ host, ca })),
    };
    expect(parse('https://idp.internal:8443/jwks', options).trust).toEqual({ kind: 'private', ca });
    expect(codeOf('https://10.0.0.5/jwks', options)).toBe('accepted');
    expect(codeOf('https://[fd00::5]:9443/jwks', options)).toBe('accepted');
    expect(codeOf('https://idp.internal/jwks', options)).toBe('host_refused');
    expect(codeOf('https://a.idp.internal:8443/jwks', options)).toBe('host_refused');
    expect(codeOf('https://10.0.0.5:8443/jwks', options)).toBe('invalid_url');
    expect(codeOf('http://idp.internal:8443/jwks', options)).toBe('invalid_url');
  });

  it('further ports are allowed by number', () => {
    expect(parse('https://app.example.com:8443/', { allowedPorts: [443, 8443] }).port).toBe(8443);
  });

  it('http is for this machine only, and only behind the option that says so', () => {
    const options = { dangerouslyAllowInsecureLoopback: true };
    for (const host of ['localhost:3000', '127.0.0.1:8080', '[::1]'])
      expect(parse(`http://${host}/`, options).trust).toEqual({ kind: 'insecure loopback' });
    for (const host of ['app.example.com', '10.0.0.1', 'localhost.evil.example', '127.0.0.1.evil.example'])
      expect(codeOf(`http://${host}/`, options)).toBe('invalid_url');
  });

  it.each([
    [{ allowedHosts: ['https://app.example.com'] }, /egress\.allowedHosts: .* must be a host name/],
    [{ allowedHosts: ['App.example.com'] }, /egress\.allowedHosts/],
    [{ deniedHosts: ['*'] }, /egress\.deniedHosts/],
    [{ deniedHosts: ['a.*.example'] }, /egress\.deniedHosts/],
    [{ deniedNetworks: ['10.0.0.0/99'] }, /egress\.deniedNetworks: '10\.0\.0\.0\/99' is no network/],
    [{ privateHosts: [{ host: 'IDP.internal', ca }] }, /egress\.privateHosts: 'IDP\.internal' must be a host name/],
    [{ privateHosts: [{ host: 'idp.internal:99999', ca }] }, /egress\.privateHosts/],
    [{ privateHosts: [{ host: '*.internal', ca }] }, /egress\.privateHosts/],
    [{ privateHosts: [{ host: '0x7f.1', ca }] }, /egress\.privateHosts/],
    [
      { privateHosts: [{ host: 'idp.internal', ca: 'rubbish' }] },
      /the certificate for 'idp\.internal' is not usable PEM/,
    ],
  ] satisfies [EgressOptions, RegExp][])('%j is refused with what to change', (options, message) => {
    expect(() => resolvePolicy(options)).toThrow(message);
  });
});
