import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMcpEndpoint } from '../../src/hosts/mcp-sdk.ts';
import { createNodeListener } from '../../src/hosts/node-handler.ts';
import { openIdentity } from '../support/identity.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'] as const;
const documents = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-protected-resource/mcp',
  '/jwks.json',
] as const;
const others = [
  '/authorize',
  '/token',
  '/register',
  '/revoke',
  '/consent',
  '/sign-in',
  '/sign-out',
  '/account',
  '/setup',
  '/',
  '/mcp',
  '/elsewhere',
] as const;

/** Names that a cache in front takes for files which are the same for everybody. */
const disguises = ['', '/x.css', ';x.js', '%2fx.png', '?x.jpg', '.ico', '%00.css', '//'] as const;

async function listen(fails: 'never' | 'always' = 'never') {
  const { portcullis } = await openIdentity();
  const mcp = createMcpEndpoint(portcullis, { fetch: async () => new Response('{}') });
  const host =
    fails === 'never'
      ? portcullis
      : { settings: portcullis.settings, handle: () => Promise.reject(new Error('broken')) };
  const server = createServer(createNodeListener(host, { mcp }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a shared cache in front of the server', () => {
  it('keeps nothing but the metadata, whatever the method, status or disguise of the address [OAUTH21-26]', async () => {
    const url = await listen();
    for (const path of [...documents, ...others]) {
      for (const disguise of disguises) {
        for (const method of methods) {
          const response = await fetch(`${url}${path}${disguise}`, { method, redirect: 'manual' });
          await response.arrayBuffer();
          const isDocument = response.status === 200 && (documents as readonly string[]).includes(path);
          const what = `${method} ${path}${disguise}: ${response.status}`;
          const shared = `public, max-age=${path === '/jwks.json' ? 600 : 3600}`;
          expect(response.headers.get('cache-control'), what).toBe(isDocument ? shared : 'no-store');
          expect(response.status, what).toBeLessThan(500);
        }
      }
    }
  });

  it('keeps no failure', async () => {
    const url = await listen('always');
    const response = await fetch(`${url}/.well-known/oauth-authorization-server`);
    expect([response.status, response.headers.get('cache-control')]).toEqual([500, 'no-store']);
    expect(await response.text()).not.toContain('broken');
  });

  it('gets the same metadata whatever a stranger writes into the headers that others vary by', async () => {
    const url = await listen();
    const plain = await (await fetch(`${url}${documents[0]}`)).text();
    const poisoned = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      'x-forwarded-prefix': '/evil',
      'x-original-url': '/evil',
      'x-rewrite-url': '/evil',
      forwarded: 'host=evil.example',
      origin: 'https://evil.example',
    };
    for (const [name, value] of Object.entries(poisoned)) {
      const response = await fetch(`${url}${documents[0]}?${name}`, { headers: { [name]: value } });
      expect(await response.text(), name).toBe(plain);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    }
  });
});
