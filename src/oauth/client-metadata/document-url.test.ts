import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../test/support/any-text.ts';
import { OAuthError } from '../../core/errors.ts';
import { randomId, systemRandom } from '../../core/random.ts';
import { isDocumentUrl, parseDocumentUrl } from './document-url.ts';

function refusal(clientId: string): string {
  try {
    parseDocumentUrl(clientId);
  } catch (error) {
    if (error instanceof OAuthError && error.code === 'invalid_client' && error.status === 400)
      return error.description;
    throw error;
  }
  return 'accepted';
}

describe('a client id that is a URL', () => {
  it.for([
    'https://app.example.com/client.json',
    'https://app.example.com:8443/client.json',
    'https://app.example.com/a/b/',
    'https://xn--bcher-kva.example/client',
    'https://app.example.com/%C3%A9',
    'https://10.0.0.5/client.json',
    'https://[fd00::5]/client.json',
  ])('%s is taken', (clientId) => {
    expect(parseDocumentUrl(clientId).href).toBe(clientId);
  });

  it.for([
    ['http://app.example.com/client.json', 'must use https'],
    ['http://localhost/client.json', 'must use https'],
  ])('%s is refused: only https vouches for anybody [CIMD-01]', ([clientId = '', why]) => {
    expect(refusal(clientId)).toContain(why);
  });

  it.for(['https://app.example.com', 'https://app.example.com/'])(
    '%s is refused: a whole host is no client [CIMD-02]',
    (clientId) => {
      expect(refusal(clientId)).toContain('must have a path');
    },
  );

  it.for([
    'https://app.example.com/./client.json',
    'https://app.example.com/a/../client.json',
    'https://app.example.com/a/%2e%2e/client.json',
    'https://app.example.com/a/%2E/client.json',
    'https://app.example.com/a/b/..',
    'https://app.example.com\\client.json',
  ])('%s is refused: what a parser would repair has two readings [CIMD-03]', (clientId) => {
    expect(refusal(clientId)).toContain('normal form');
  });

  it('has no fragment [CIMD-04]', () => {
    for (const clientId of ['https://app.example.com/c#', 'https://app.example.com/c#a'])
      expect(refusal(clientId)).toContain('must not have a fragment');
  });

  it('has no user name and no password [CIMD-05]', () => {
    for (const clientId of ['https://claude.ai@evil.example/c', 'https://a:b@evil.example/c'])
      expect(refusal(clientId)).toContain('must not contain a user name or password');
  });

  it('has no query, so that one document cannot be any number of clients [CIMD-06]', () => {
    for (const clientId of ['https://app.example.com/c?', 'https://app.example.com/c?a=b'])
      expect(refusal(clientId)).toContain('must not have a query');
  });

  it.for([
    'HTTPS://app.example.com/client.json',
    'https://APP.example.com/client.json',
    'https://app.example.com:443/client.json',
    'https://app.example.com./client.json',
    'https:/app.example.com/client.json',
    'https:app.example.com/client.json',
    'https://app.example.com/client .json',
    ' https://app.example.com/client.json',
    'https://bücher.example/client.json',
    'https://0x0a000005/client.json',
  ])('%s is refused: one client has one spelling', (clientId) => {
    expect(refusal(clientId)).not.toBe('accepted');
  });

  it('is no longer than 512 characters', () => {
    expect(refusal(`https://app.example.com/${'a'.repeat(488)}`)).toBe('accepted');
    expect(refusal(`https://app.example.com/${'a'.repeat(489)}`)).toContain('longer than 512');
  });

  it('is never what is minted here [CIMD-27]', () => {
    for (let made = 0; made < 1000; made += 1) expect(isDocumentUrl(randomId(systemRandom))).toBe(false);
  });

  it('comes out of the parser as it went in, or is refused with an OAuth error', () => {
    const text = anyText({ maxLength: 40 });
    const plain = fc.stringMatching(/^[a-z0-9.:/%@#?[\]_-]{0,40}$/);
    const ids = fc.oneof(
      text,
      ...[text, plain].flatMap((part) => [
        part.map((path) => `https://app.example.com/${path}`),
        part.map((host) => `https://${host}/client.json`),
        part.map((end) => `https://${end}`),
      ]),
    );
    fc.assert(
      fc.property(ids, (clientId) => {
        if (refusal(clientId) !== 'accepted') return;
        const url = parseDocumentUrl(clientId);
        expect(url.href).toBe(clientId);
        expect([url.protocol, url.username, url.password, url.search, url.hash]).toEqual(['https:', '', '', '', '']);
        expect(clientId).toMatch(/^https:\/\/[a-z0-9._:[\]-]+\/[\x21-\x7e]+$/);
      }),
    );
  });
});
