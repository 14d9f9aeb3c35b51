import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SecurityEvent } from '../../src/core/events.ts';
import type { IdentityAssertionOptions } from '../../src/core/identity-assertions.ts';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { TestClientKey } from '../../src/testing/test-client-key.ts';
import { TestIssuer } from '../../src/testing/test-issuer.ts';
import { answerJson, fetcherWith, type OutsideHost, startOutsideHost } from '../support/outside-host.ts';
import { AssertionPeer, addApp, outcome } from './assertion-peer.ts';
import { base } from './support.ts';

const refused = '400 invalid_grant';
const unavailable = '503 temporarily_unavailable';

function answerStatus(status: number, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(status, headers).end();
  };
}

/** An issuer that publishes its keys on a host of its own. */
async function openFetching(answer?: RequestListener) {
  const issuer = new TestIssuer();
  const host: OutsideHost = await startOutsideHost(
    'idp.internal',
    answer ?? ((request, response) => answerJson(issuer.key.jwks)(request, response)),
  );
  let isOpen = true;
  const close = async () => {
    if (isOpen) await host.close();
    isOpen = false;
  };
  onTestFinished(close);
  const { fetcher, clock } = fetcherWith({ privateHosts: [host.exception] }, host.resolver);
  const events: SecurityEvent[] = [];
  const keys = { url: `${host.origin}/jwks.json` };
  const provider = new InMemoryProvider(
    { baseUrl: base },
    {
      clock,
      egress: fetcher,
      scopes: { read: {} },
      identityAssertions: { issuers: [issuer.trusted({ keys })] },
      clientAuthentication: { throttle: { freeFailures: 1000 } },
      onEvent: (event) => events.push(event),
    },
  );
  await addApp(provider);
  return { issuer, host, clock, events, close, peer: new AssertionPeer(provider, issuer) };
}

describe('the keys of an issuer that are fetched', () => {
  it('are fetched once for many assertions, and not at all for what is refused without them', async () => {
    const { peer, host } = await openFetching();
    expect(outcome(await peer.attempt({ aud: 'https://elsewhere.example' }))).toBe(refused);
    expect(outcome(await peer.attempt({ iss: 'https://elsewhere.example' }))).toBe(refused);
    expect(outcome(await peer.attempt({}, { typ: 'JWT' }))).toBe(refused);
    expect(host.asked).toEqual([]);
    const outcomes = await Promise.all(Array.from({ length: 20 }, async () => outcome(await peer.attempt({}))));
    expect(new Set(outcomes)).toEqual(new Set(['200']));
    expect(host.asked).toEqual(['/jwks.json']);
  });

  it('are fetched again for a key that is new, but for no signature more often than every half minute', async () => {
    const { peer, issuer, host, clock } = await openFetching();
    expect(outcome(await peer.attempt({}))).toBe('200');
    clock.advance(31_000);
    issuer.key = TestClientKey.generate('EdDSA', 'key-2');
    expect(outcome(await peer.attempt({}))).toBe('200');
    expect(host.asked).toHaveLength(2);
    for (let n = 0; n < 20; n += 1) expect(outcome(await peer.attempt({}, { kid: `made-up-${n}` }))).toBe(refused);
    expect(host.asked).toHaveLength(2);
    clock.advance(31_000);
    expect(outcome(await peer.attempt({}, { kid: 'made-up' }))).toBe(refused);
    expect(host.asked).toHaveLength(3);
  });

  it('that have been withdrawn are taken no longer than the key set may be kept', async () => {
    const { peer, issuer, clock } = await openFetching();
    const stolen = issuer.key;
    expect(outcome(await peer.attempt({}))).toBe('200');
    issuer.key = TestClientKey.generate('EdDSA', 'key-2');
    clock.advance(300_000);
    expect(outcome(await peer.attempt({}))).toBe('200');
    issuer.key = stolen;
    expect(outcome(await peer.attempt({}))).toBe(refused);
  });

  it('that cannot be had now are no fault of the assertion: it is as good as before when they can', async () => {
    let answer = answerStatus(503);
    const { peer, issuer, clock, events } = await openFetching((request, response) => answer(request, response));
    const assertion = await peer.assertion();
    const down = await peer.present(assertion);
    expect(outcome(down)).toBe(unavailable);
    expect(down.headers.get('retry-after')).toBe('30');
    expect(down.text).not.toContain('idp.internal');
    expect(events.find(({ name }) => name === 'assertion.refused')?.reason).toContain(issuer.issuer);
    answer = answerJson(issuer.key.jwks);
    clock.advance(31_000);
    expect(outcome(await peer.present(assertion))).toBe('200');
  });

  it('are used for a while longer where the issuer is down, and not where it says that they are gone', async () => {
    const { peer, clock, close } = await openFetching();
    expect(outcome(await peer.attempt({}))).toBe('200');
    await close();
    clock.advance(301_000);
    expect(outcome(await peer.attempt({}))).toBe('200');
    clock.advance(3_600_000);
    expect(outcome(await peer.attempt({}))).toBe(unavailable);
  });

  it.each([
    ['a page', answerJson('<html>', {}, 'text/html')],
    ['something missing', answerStatus(404)],
    ['a redirect', answerStatus(302, { location: 'https://idp.internal/other' })],
  ])('that turn out to be %s are told to the operator, and not blamed on the client', async (_, answer) => {
    const { peer } = await openFetching(answer);
    expect(outcome(await peer.attempt({}))).toBe(unavailable);
  });

  it('without any that can be used verify nothing', async () => {
    const { peer } = await openFetching(answerJson({ keys: [{ kty: 'oct', k: 'AAAA', kid: 'key-1' }, null, 7] }));
    expect(outcome(await peer.attempt({}))).toBe(refused);
  });
});

describe('the keys of an issuer in a file', () => {
  async function openFile() {
    const directory = mkdtempSync(join(tmpdir(), 'portcullis-keys-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const file = join(directory, 'jwks.json');
    const issuer = new TestIssuer();
    writeFileSync(file, JSON.stringify(issuer.key.jwks));
    const events: SecurityEvent[] = [];
    const provider = new InMemoryProvider(
      { baseUrl: base },
      {
        scopes: { read: {} },
        identityAssertions: { issuers: [issuer.trusted({ keys: { file } })] },
        onEvent: (event) => events.push(event),
      },
    );
    await addApp(provider);
    const replace = (text: string) => {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
    };
    return { file, issuer, events, replace, peer: new AssertionPeer(provider, issuer) };
  }

  it('are read again when the file is replaced', async () => {
    const { peer, issuer, replace } = await openFile();
    expect(outcome(await peer.attempt({}))).toBe('200');
    const old = issuer.key;
    issuer.key = TestClientKey.generate('ES256', 'key-2');
    expect(outcome(await peer.attempt({}))).toBe(refused);
    replace(JSON.stringify(issuer.key.jwks));
    expect(outcome(await peer.attempt({}))).toBe('200');
    issuer.key = old;
    expect(outcome(await peer.attempt({}))).toBe(refused);
  });

  it('stay as they were where the file is broken or gone, which is reported once', async () => {
    const { peer, file, events, replace } = await openFile();
    replace('{"keys":');
    for (let n = 0; n < 3; n += 1) expect(outcome(await peer.attempt({}))).toBe('200');
    const reports = () => events.filter(({ name }) => name === 'server.error');
    expect(reports()).toHaveLength(1);
    expect(reports()[0]?.reason).toContain(file);
    rmSync(file);
    expect(outcome(await peer.attempt({}))).toBe('200');
    expect(reports()).toHaveLength(2);
  });
});

describe('a configuration of issuers', () => {
  const open = (options: Partial<IdentityAssertionOptions>) => () =>
    new InMemoryProvider({ baseUrl: base }, { identityAssertions: { issuers: [], ...options } });
  const issuer = new TestIssuer();

  it.each([
    [
      'without keys that can be used',
      { issuers: [issuer.trusted({ keys: { jwks: { keys: [{}] } } })] },
      /no usable public key/,
    ],
    [
      'with a file that is not there',
      { issuers: [issuer.trusted({ keys: { file: '/nowhere/x.json' } })] },
      /issuers\.0\.keys.*nowhere/,
    ],
    [
      'with a URL where nothing is fetched',
      { issuers: [issuer.trusted({ keys: { url: 'https://idp.example.com/jwks' } })] },
      /enable egress/,
    ],
    ['with one issuer twice', { issuers: [issuer.trusted(), issuer.trusted()] }, /listed already/],
    ['with this server itself', { issuers: [issuer.trusted({ issuer: base })] }, /this server itself/],
    ['with an issuer that is no name', { issuers: [issuer.trusted({ issuer: 'a b' })] }, /exactly as they spell it/],
    [
      'with an algorithm of shared secrets',
      { issuers: [issuer.trusted({ algorithms: ['HS256'] })] },
      /algorithms must be some of/,
    ],
    ['with no algorithm', { issuers: [issuer.trusted({ algorithms: [] })] }, /algorithms must be some of/],
    ['with no time at all', { longestAssertion: 0 }, /at least a second/],
    ['with a leeway of nonsense', { leeway: Number.NaN }, /leeway/],
  ])('%s is refused when the server starts', (_, options, words) => {
    expect(open(options)).toThrow(words);
  });

  it('with a URL that may not be fetched is refused when the server starts', () => {
    const { fetcher } = fetcherWith({ deniedHosts: ['idp.example.com'] });
    const identityAssertions = { issuers: [issuer.trusted({ keys: { url: 'https://idp.example.com/jwks' } })] };
    expect(() => new InMemoryProvider({ baseUrl: base }, { egress: fetcher, identityAssertions })).toThrow(
      /keys.*jwks/,
    );
  });
});
