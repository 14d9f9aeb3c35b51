import { describe, expect, it } from 'vitest';
import { Params } from '../core/params.ts';
import { systemRandom } from '../core/random.ts';
import { createCsrf, csrfField } from './csrf.ts';

const baseUrl = 'https://mcp.example.com';
const key = new Uint8Array(32).fill(7);
const csrf = createCsrf({ key, baseUrl, random: systemRandom });

function post(headers: Record<string, string>): Request {
  return new Request(`${baseUrl}/sign-in`, { method: 'POST', headers });
}

function cookiePair(setCookie: string | undefined): string {
  return setCookie?.split(';', 1)[0] ?? '';
}

const first = csrf.issue(new Request(baseUrl), 'sign-in');
const cookie = cookiePair(first.setCookie);

describe('a CSRF token', () => {
  it('is accepted from the browser and for the purpose that it was issued for', () => {
    expect(csrf.check(post({ cookie }), first.token, 'sign-in')).toBe('ok');
    const params = Params.parse(new URLSearchParams({ [csrfField]: first.token }).toString());
    expect(csrf.check(post({ cookie }), params, 'sign-in')).toBe('ok');
  });

  it('is bound to its purpose', () => {
    expect(csrf.check(post({ cookie }), first.token, 'consent:r1:u1')).toBe('mismatch');
  });

  it('is bound to the browser', () => {
    const other = cookiePair(csrf.issue(new Request(baseUrl), 'sign-in').setCookie);
    expect(csrf.check(post({ cookie: other }), first.token, 'sign-in')).toBe('mismatch');
  });

  it('is bound to the key', () => {
    const elsewhere = createCsrf({ key: new Uint8Array(32).fill(8), baseUrl, random: systemRandom });
    expect(elsewhere.check(post({ cookie }), first.token, 'sign-in')).toBe('mismatch');
  });

  it('is missing where the form or the browser has none', () => {
    expect(csrf.check(post({ cookie }), undefined, 'sign-in')).toBe('missing');
    expect(csrf.check(post({ cookie }), '', 'sign-in')).toBe('missing');
    expect(csrf.check(post({ cookie }), Params.parse('a=b'), 'sign-in')).toBe('missing');
    expect(csrf.check(post({}), first.token, 'sign-in')).toBe('missing');
    expect(csrf.check(post({ cookie: `${cookie.split('=', 1)[0]}=short` }), first.token, 'sign-in')).toBe('missing');
  });

  it('stays good when the page is rendered again or in another tab, without another cookie', () => {
    const again = csrf.issue(new Request(baseUrl, { headers: { cookie } }), 'sign-in');
    expect(again.setCookie).toBeUndefined();
    expect(csrf.check(post({ cookie }), again.token, 'sign-in')).toBe('ok');
    expect(csrf.check(post({ cookie }), first.token, 'sign-in')).toBe('ok');
  });

  it('shares one cookie with the other forms of the same page', () => {
    const request = new Request(baseUrl);
    const [one, two] = [csrf.issue(request, 'sign-in'), csrf.issue(request, 'sign-out')];
    expect(two.setCookie).toBe(one.setCookie);
    const jar = cookiePair(one.setCookie);
    expect(csrf.check(post({ cookie: jar }), one.token, 'sign-in')).toBe('ok');
    expect(csrf.check(post({ cookie: jar }), two.token, 'sign-out')).toBe('ok');
  });

  it('stays good when a new browser loads several pages at the same moment', () => {
    let counter = 0;
    const random = { bytes: (length: number) => new Uint8Array(length).fill(counter++) };
    const simultaneous = createCsrf({ key, baseUrl, random });
    const pages = [1, 2, 3].map(() => simultaneous.issue(new Request(baseUrl), 'sign-in'));
    const jar = pages.map(({ setCookie }) => cookiePair(setCookie)).join('; ');
    for (const { token } of pages) expect(simultaneous.check(post({ cookie: jar }), token, 'sign-in')).toBe('ok');
  });

  it('does not help a post from another site [MCP-BP-07]', () => {
    for (const site of ['cross-site', 'same-site']) {
      expect(csrf.check(post({ cookie, 'sec-fetch-site': site }), first.token, 'sign-in')).toBe('cross-site');
    }
    expect(csrf.check(post({ cookie, origin: 'https://evil.example' }), first.token, 'sign-in')).toBe('cross-site');
    expect(csrf.check(post({ cookie, origin: 'http://mcp.example.com' }), first.token, 'sign-in')).toBe('cross-site');
  });

  it('decides alone where the browser hides or leaves out the origin [PITFALL-29]', () => {
    expect(csrf.check(post({ cookie, origin: 'null' }), first.token, 'sign-in')).toBe('ok');
    expect(csrf.check(post({ cookie, origin: baseUrl, 'sec-fetch-site': 'same-origin' }), first.token, 'sign-in')).toBe(
      'ok',
    );
    expect(csrf.check(post({ cookie, 'sec-fetch-site': 'none' }), first.token, 'sign-in')).toBe('ok');
  });

  it('sets its cookie for this host only and out of reach of scripts', () => {
    expect(first.setCookie).toMatch(
      /^__Host-portcullis-browser-[0-9a-f]=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
  });

  it('needs a key of at least 256 bits', () => {
    expect(() => createCsrf({ key: new Uint8Array(31), baseUrl, random: systemRandom })).toThrow(TypeError);
  });
});
