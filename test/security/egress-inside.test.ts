import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { addressKind } from '../../src/core/egress/addresses.ts';
import { connect } from '../../src/core/egress/connect.ts';
import type { EgressSettings } from '../../src/core/egress/create.ts';
import type { FetchPurpose } from '../../src/core/egress/fetcher.ts';
import { resolvePolicy } from '../../src/core/egress/policy.ts';
import type { Resolver } from '../../src/core/egress/resolve.ts';
import { resolveTarget } from '../../src/core/egress/resolve.ts';
import { parseTarget } from '../../src/core/egress/target.ts';
import {
  answerJson,
  egressErrorOf,
  fetcherWith,
  type OutsideHost,
  type OutsideHostOptions,
  startOutsideHost,
} from '../support/outside-host.ts';

const purpose: FetchPurpose = 'client_metadata';

async function outside(name = 'client.example', options: OutsideHostOptions = {}): Promise<OutsideHost> {
  const host = await startOutsideHost(name, answerJson({ host: name }), options);
  onTestFinished(() => host.close());
  return host;
}

/** Answers with one list of addresses after the other, the last one for ever. */
function answers(...lists: readonly (readonly string[])[]): Resolver & { readonly asked: string[] } {
  const asked: string[] = [];
  const resolve = async (host: string) => {
    asked.push(host);
    return lists[Math.min(asked.length, lists.length) - 1] ?? [];
  };
  return Object.assign(resolve, { asked });
}

describe('a name that leads inside', () => {
  test.each([
    [['127.0.0.1']],
    [['::1']],
    [['10.0.0.1']],
    [['169.254.169.254']],
    [['fd00:ec2::254']],
    [['::ffff:127.0.0.1']],
    [['64:ff9b::7f00:1']],
    [['0.0.0.0']],
    [['1.1.1.1', '127.0.0.1']],
    [[...Array.from({ length: 1000 }, (_, index) => `1.1.${index >> 8}.${index & 255}`), '127.0.0.1']],
  ])('is not connected to: %j [PITFALL-17]', async (addresses) => {
    const inner = await outside('app.example.com');
    const { fetcher } = fetcherWith({ allowedPorts: [443, inner.port] }, answers(addresses));
    const error = await egressErrorOf(fetcher.fetch({ url: `${inner.origin}/`, purpose }));
    expect(error).toMatchObject({ code: 'unreachable', wasRefused: true });
    expect(inner.connections()).toBe(0);
  });

  test('is not connected to when it led elsewhere before: names are resolved for each connection, and checked each time', async () => {
    const policy = resolvePolicy({});
    const target = parseTarget('https://app.example.com/', policy);
    const resolver = answers(['1.1.1.1'], ['127.0.0.1']);
    const signal = AbortSignal.timeout(5000);
    expect(await resolveTarget(target, policy, resolver, signal)).toEqual(['1.1.1.1']);
    expect(await egressErrorOf(resolveTarget(target, policy, resolver, signal))).toMatchObject({ wasRefused: true });
  });

  test('is asked for once, and the connection goes where the answer said', async () => {
    const good = await outside('client.example');
    const resolver = answers(['127.0.0.1'], ['127.0.0.2']);
    const { fetcher } = fetcherWith({ privateHosts: [good.exception] }, resolver);
    const { text } = await fetcher.fetch({ url: `${good.origin}/`, purpose });
    expect(JSON.parse(text)).toEqual({ host: 'client.example' });
    expect(resolver.asked).toEqual(['client.example']);
  });

  test('has the same text as one that leads nowhere, is closed, or is somebody else', async () => {
    const inner = await outside('app.example.com');
    const other = await outside('other.example', { certificateNames: ['someone-else.example'] });
    const gone = await startOutsideHost('gone.example', answerJson({}));
    await gone.close();
    const endOf = async (url: string, settings: EgressSettings, resolver: Resolver) => {
      const { fetcher } = fetcherWith({ timeout: 300, ...settings }, resolver);
      const { code, description, message, status } = await egressErrorOf(fetcher.fetch({ url, purpose }));
      return { code, description, message, status };
    };
    const ports = { allowedPorts: [443, inner.port, gone.port] };
    const ends = await Promise.all([
      endOf(`${inner.origin}/`, ports, answers(['127.0.0.1'])),
      endOf(`https://app.example.com:${gone.port}/`, ports, answers(['127.0.0.1'])),
      endOf('https://app.example.com/', {}, answers([])),
      endOf('https://app.example.com/', {}, () => Promise.reject(new Error('ENOTFOUND'))),
      endOf('https://app.example.com/', {}, () => new Promise(() => {})),
      endOf(`${gone.origin}/`, { privateHosts: [gone.exception] }, gone.resolver),
      endOf(`${other.origin}/`, { privateHosts: [other.exception] }, other.resolver),
    ]);
    expect(new Set(ends.map((end) => JSON.stringify(end))).size).toBe(1);
  });

  test('is refused where it is this machine by its public address, or a network that the operator denies', async () => {
    const signal = AbortSignal.timeout(5000);
    const policy = resolvePolicy({ deniedNetworks: ['1.1.1.0/24'] });
    const target = parseTarget('https://app.example.com/', policy);
    const own = Object.values(networkInterfaces()).flatMap((entries = []) => entries.map(({ address }) => address));
    for (const address of ['1.1.1.1', '64:ff9b::101:101', ...own.filter((one) => addressKind(one) === 'public')])
      expect(await egressErrorOf(resolveTarget(target, policy, answers([address]), signal))).toMatchObject({
        wasRefused: true,
      });
  });

  test('few of many addresses are tried', async () => {
    const policy = resolvePolicy({});
    const many = Array.from({ length: 200 }, (_, index) => `1.1.1.${index}`);
    const target = parseTarget('https://app.example.com/', policy);
    expect(await resolveTarget(target, policy, answers(many), AbortSignal.timeout(5000))).toHaveLength(4);
  });
});

describe('a host that is excepted', () => {
  test('is out of reach at addresses where nothing good is', async () => {
    const host = await outside();
    for (const address of ['169.254.169.254', 'fe80::1', '0.0.0.0', 'fd00:ec2::254', '::ffff:127.0.0.1']) {
      const { fetcher } = fetcherWith({ privateHosts: [host.exception] }, answers([address]));
      expect(await egressErrorOf(fetcher.fetch({ url: `${host.origin}/`, purpose }))).toMatchObject({
        wasRefused: true,
      });
    }
    expect(host.connections()).toBe(0);
  });

  test('is trusted by its own authority alone', async () => {
    const host = await outside();
    const other = await outside('other.example');
    const { fetcher } = fetcherWith(
      { privateHosts: [{ host: host.exception.host, ca: other.exception.ca }] },
      host.resolver,
    );
    expect(await egressErrorOf(fetcher.fetch({ url: `${host.origin}/`, purpose }))).toMatchObject({
      code: 'unreachable',
      detail: expect.stringMatching(/self-signed|unable to verify/),
    });
    expect(host.asked).toEqual([]);
  });

  test('has to have its own name in its certificate', async () => {
    const host = await outside('client.example', { certificateNames: ['other.example', '*.client.example'] });
    const { fetcher } = fetcherWith({ privateHosts: [host.exception] }, host.resolver);
    const error = await egressErrorOf(fetcher.fetch({ url: `${host.origin}/`, purpose }));
    expect(error.detail).toContain('altnames');
    expect(host.asked).toEqual([]);
  });

  test('may be an address, and then its certificate is for the address', async () => {
    const host = await outside();
    const settings = { privateHosts: [{ ...host.exception, host: `127.0.0.1:${host.port}` }] };
    const { fetcher } = fetcherWith(settings, answers([]));
    await fetcher.fetch({ url: `https://127.0.0.1:${host.port}/`, purpose });
    expect(host.asked).toEqual(['/']);
  });

  test('is verified though the environment says that nothing is', async () => {
    const host = await outside('client.example', { certificateNames: ['other.example'] });
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    onTestFinished(() => {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    });
    const { fetcher } = fetcherWith({ privateHosts: [host.exception] }, host.resolver);
    expect(await egressErrorOf(fetcher.fetch({ url: `${host.origin}/`, purpose }))).toMatchObject({
      code: 'unreachable',
    });
  });
});

test('a literal address passes by every look-up, so the connection itself is checked', async () => {
  const host = await outside();
  const policy = resolvePolicy({ privateHosts: [{ ...host.exception, host: `127.0.0.1:${host.port}` }] });
  const target = parseTarget(`https://127.0.0.1:${host.port}/`, policy);
  const error = await egressErrorOf(connect(target, ['10.0.0.1'], AbortSignal.timeout(5000)));
  expect(error).toMatchObject({ wasRefused: true, detail: expect.stringContaining('not what was checked') });
  expect(host.asked).toEqual([]);
});

test('proxies of the environment are not used', async () => {
  const host = await outside();
  let proxied = 0;
  const proxy = createServer(() => (proxied += 1)).on('connect', (_request, socket) => {
    proxied += 1;
    socket.destroy();
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const script = `
    const { createFetcher } = await import(${JSON.stringify(pathToFileURL('src/core/egress/create.ts').href)});
    const fetcher = createFetcher(
      { privateHosts: [${JSON.stringify(host.exception)}] },
      { clock: { now: () => 0 }, report: () => {}, resolver: async () => ['127.0.0.1'] },
    );
    process.stdout.write((await fetcher.fetch({ url: '${host.origin}/', purpose: 'issuer_keys' })).text);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: url, HTTP_PROXY: url, https_proxy: url, ALL_PROXY: url },
    timeout: 20_000,
  });
  expect(JSON.parse(stdout)).toEqual({ host: 'client.example' });
  expect(proxied).toBe(0);
});

test('plain http reaches this machine only behind the option that is named for its danger', async () => {
  const server = createServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const url = `http://localhost:${(server.address() as AddressInfo).port}/`;
  const closed = fetcherWith({}).fetcher;
  expect(await egressErrorOf(closed.fetch({ url, purpose }))).toMatchObject({ code: 'invalid_url' });
  const open = fetcherWith({ dangerouslyAllowInsecureLoopback: true }, answers([])).fetcher;
  expect((await open.fetch({ url, purpose })).text).toBe('{}');
});
