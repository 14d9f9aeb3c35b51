import { describe, expect, it } from 'vitest';
import { cookieName, createCookies, parseCookies } from './cookies.ts';

describe('cookies', () => {
  it('carry the __Host- prefix and Secure over https', () => {
    const cookies = createCookies('https://mcp.example.com/base');
    expect(cookies.secure).toBe(true);
    expect(cookies.set('session', 'abc')).toBe('__Host-session=abc; Path=/; HttpOnly; SameSite=Lax; Secure');
  });

  it('carry neither over http, where browsers would refuse them', () => {
    const cookies = createCookies('http://localhost');
    expect(cookies.secure).toBe(false);
    expect(cookies.set('session', 'abc', { maxAgeSeconds: 60.9 })).toBe(
      'session=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60',
    );
  });

  it('of two servers on one host have different names, because browsers ignore the port', () => {
    expect(cookieName('session', 'http://localhost:3000')).toBe('session-3000');
    expect(cookieName('session', 'http://localhost:4000')).toBe('session-4000');
    expect(cookieName('session', 'https://mcp.example.com:8443')).toBe('__Host-session-8443');
    expect(cookieName('session', 'https://mcp.example.com:443')).toBe('__Host-session');
  });

  it('are removed with the attributes they were set with', () => {
    expect(createCookies('https://a.example').clear('session')).toBe(
      '__Host-session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0',
    );
  });

  it('refuse values that would end the header or the attribute', () => {
    const cookies = createCookies('https://a.example');
    for (const value of ['a;b', 'a b', 'a\r\nb', 'a,b', 'a"b', 'é']) {
      expect(() => cookies.set('session', value)).toThrow(TypeError);
    }
  });

  it('are read back from the request, the first of equal names first', () => {
    const request = new Request('https://a.example/', {
      headers: { cookie: 'x=1; __Host-session=one; __Host-session=two; =broken; flag; padded = v ' },
    });
    expect(createCookies('https://a.example').read(request, 'session')).toBe('one');
    const parsed = parseCookies(request.headers.get('cookie'));
    expect([...parsed]).toEqual([
      ['x', '1'],
      ['__Host-session', 'one'],
      ['padded', 'v'],
    ]);
    expect(parseCookies(null).size).toBe(0);
  });
});
