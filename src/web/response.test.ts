import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { page } from './layout.ts';
import { html } from './markup.ts';
import { formActionSource, htmlResponse, seeOther } from './response.ts';

const sample = page({ title: 'Sample', site: { name: 'Notes' }, body: html`<h1>Sample</h1>` });

function directive(response: Response, name: string): string | undefined {
  const policy = response.headers.get('content-security-policy') ?? '';
  return policy.split('; ').find((part) => part.startsWith(`${name} `));
}

describe('a page response', () => {
  it('names the style sheet that the page holds by its hash, and the page has no other style', async () => {
    const response = htmlResponse(sample);
    const text = await response.text();
    const sheets = [...text.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, sheet]) => sheet ?? '');
    expect(sheets).toHaveLength(1);
    expect(directive(response, 'style-src')).toBe(`style-src 'sha256-${hash('sha256', sheets[0] ?? '', 'base64')}'`);
    expect(text).not.toMatch(/\sstyle=|<script|\son[a-z]+=/);
  });

  it('lets nothing be loaded, framed or sent elsewhere [MCP-BP-08, OAUTH21-65, OAUTH21-66]', () => {
    const response = htmlResponse(sample, { status: 403 });
    expect(response.status).toBe(403);
    expect(directive(response, 'default-src')).toBe("default-src 'none'");
    expect(directive(response, 'form-action')).toBe("form-action 'self'");
    expect(directive(response, 'frame-ancestors')).toBe("frame-ancestors 'none'");
    expect(directive(response, 'base-uri')).toBe("base-uri 'none'");
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('lets browsers send their origin with our own forms [PITFALL-29, RFC9700-18]', () => {
    expect(htmlResponse(sample).headers.get('referrer-policy')).toBe('same-origin');
  });

  it('keeps the link to the window that opened it, for web clients that use a pop-up', () => {
    expect(htmlResponse(sample).headers.get('cross-origin-opener-policy')).toBe('unsafe-none');
  });

  it('adds the sources that it is given to form-action, or leaves the directive out', () => {
    const named = htmlResponse(sample, { formAction: ['https://client.example', 'cursor:'] });
    expect(directive(named, 'form-action')).toBe("form-action 'self' https://client.example cursor:");
    expect(directive(htmlResponse(sample, { formAction: 'unrestricted' }), 'form-action')).toBeUndefined();
  });

  it('carries several cookies and further headers', () => {
    const response = htmlResponse(sample, { setCookies: ['a=1', 'b=2'], headers: { 'retry-after': '30' } });
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.headers.get('retry-after')).toBe('30');
  });
});

describe('a redirect after a form', () => {
  it('is a 303 that no cache keeps [OAUTH21-60]', () => {
    const response = seeOther('http://localhost:9999/cb?code=1', { setCookies: ['a=1', 'b=2'] });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('http://localhost:9999/cb?code=1');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });
});

describe('the form-action source of a redirect URI', () => {
  it.each([
    ['https://claude.ai/api/mcp/auth_callback', 'https://claude.ai'],
    ['http://localhost:53682/callback', 'http://localhost:53682'],
    ['http://127.0.0.1:9999/cb?x=1', 'http://127.0.0.1:9999'],
    ['cursor://anysphere.cursor-mcp/oauth/callback', 'cursor:'],
    ['com.example.app:/callback', 'com.example.app:'],
    ['https://bücher.example/cb', 'https://xn--bcher-kva.example'],
  ])('of %s is %s', (uri, source) => {
    expect(formActionSource(uri)).toBe(source);
  });

  it('names the port alone for an IPv6 host, which a policy cannot spell', () => {
    expect(formActionSource('http://[::1]:9999/cb')).toBe('http://*:9999');
  });

  it('never lets a host smuggle a directive into the policy', () => {
    expect(formActionSource('https://a;sandbox/cb')).toBe('https:');
    expect(formActionSource('https://a,b.example/cb')).toBe('https:');
  });
});
