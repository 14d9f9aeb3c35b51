import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { certificateFor } from '../../test/support/certificates.ts';
import { answerJson, startOutsideHost } from '../../test/support/outside-host.ts';
import { testLimits } from '../../test/support/portcullis-harness.ts';
import type { SecurityEvent } from '../core/events.ts';
import { type PortcullisConfig, parseConfig } from './config.ts';
import { providerEnvironment } from './environment.ts';
import { loadConfig } from './load-config.ts';
import { Portcullis, type PortcullisRuntime } from './portcullis.ts';

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-egress-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function open(config: PortcullisConfig, runtime: PortcullisRuntime = {}): Promise<Portcullis> {
  const portcullis = await Portcullis.open({ ...testLimits, database: ':memory:', ...config }, runtime);
  onTestFinished(() => portcullis.close());
  return portcullis;
}

test('nothing is fetched unless the operator says so', async () => {
  expect((await open({})).egress).toBeUndefined();
  expect((await open({ egress: { allowedHosts: ['app.example.com'] } })).egress).toBeUndefined();
  expect((await open({ egress: { enabled: true } })).egress).toBeDefined();
});

test('what is configured is what a fetch goes by, and its event is logged', async () => {
  const directory = temporaryDirectory();
  const host = await startOutsideHost('idp.internal', answerJson({ keys: [] }, {}, 'application/jwk-set+json'));
  onTestFinished(() => host.close());
  const caFile = join(directory, 'ca.pem');
  writeFileSync(caFile, host.exception.ca);
  const events: SecurityEvent[] = [];
  const { egress } = await open(
    { egress: { enabled: true, allowedHosts: [], privateHosts: [{ host: host.exception.host, caFile }] } },
    { resolver: host.resolver, onEvent: (event) => events.push(event) },
  );
  const document = await egress?.fetch({ url: `${host.origin}/jwks`, purpose: 'issuer_keys' });
  expect(document?.text).toBe('{"keys":[]}');
  expect(() => egress?.check('https://app.example.com/')).toThrow('does not fetch from app.example.com');
  expect(events).toEqual([
    expect.objectContaining({ name: 'egress.fetched', host: host.exception.host, purpose: 'issuer_keys' }),
  ]);
});

test('a fetcher of a program’s own takes the place of what is configured', async () => {
  const fetcher = { check: () => {}, fetch: async () => ({ url: '', text: '', obtainedAt: 0 }) };
  expect((await open({}, { egress: fetcher })).egress).toBe(fetcher);
});

test('settings in seconds become milliseconds, and sizes go to their purposes', () => {
  const { egress } = providerEnvironment(
    parseConfig({
      egress: {
        enabled: true,
        timeoutSeconds: 3,
        windowSeconds: 30,
        maximumBytes: 1000,
        maximumKeySetBytes: 2000,
        cache: { minimumSeconds: 1, defaultSeconds: 2, maximumSeconds: 3, staleSeconds: 4, failureSeconds: 5 },
      },
    }),
  );
  expect(egress).toMatchObject({
    timeout: 3000,
    budgetWindow: 30_000,
    maximumBytes: { client_metadata: 1000, client_keys: 2000, issuer_keys: 2000 },
    cache: {
      minimumLifetime: 1000,
      defaultLifetime: 2000,
      maximumLifetime: 3000,
      staleLifetime: 4000,
      failureLifetime: 5000,
    },
    dangerouslyAllowInsecureLoopback: false,
  });
});

test('a certificate that is not there or is none is told of at the start', async () => {
  const directory = temporaryDirectory();
  const caFile = join(directory, 'ca.pem');
  const config = { egress: { enabled: true, privateHosts: [{ host: 'idp.internal', caFile }] } };
  await expect(open(config)).rejects.toThrow(/the certificate .*ca\.pem for 'idp\.internal' cannot be read/);
  writeFileSync(caFile, 'rubbish');
  await expect(open(config)).rejects.toThrow(/the certificate for 'idp\.internal' is not usable PEM/);
});

test('the file and the environment can say all of it; paths in the file start from there', () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'etc'));
  const pem = certificateFor(['idp.internal']).pem;
  writeFileSync(join(directory, 'etc', 'ca.pem'), pem);
  const file = join(directory, 'etc', 'portcullis.json');
  writeFileSync(
    file,
    JSON.stringify({ egress: { enabled: true, privateHosts: [{ host: 'idp.internal', caFile: 'ca.pem' }] } }),
  );
  const environment = {
    PORTCULLIS_EGRESS__ALLOWED_PORTS: '443, 8443',
    PORTCULLIS_EGRESS__DENIED_HOSTS: 'a.example,b.example',
  };
  const { portcullis } = loadConfig({ directory, file, environment });
  expect(portcullis.egress).toMatchObject({
    enabled: true,
    allowedPorts: [443, 8443],
    deniedHosts: ['a.example', 'b.example'],
    privateHosts: [{ host: 'idp.internal', caFile: join(directory, 'etc', 'ca.pem') }],
  });
  expect(() => loadConfig({ directory, file, environment: { PORTCULLIS_EGRESS__ALLOWED_PORTS: '443,x' } })).toThrow(
    /PORTCULLIS_EGRESS__ALLOWED_PORTS: 'x' is not a whole number/,
  );
});
