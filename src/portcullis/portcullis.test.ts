import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { addTestUser, signInAndAllow, testLimits } from '../../test/support/portcullis-harness.ts';
import { ManualClock } from '../core/clock.ts';
import { sql } from '../core/database.ts';
import type { SecurityEvent } from '../core/events.ts';
import { ConfigurationError } from '../core/urls.ts';
import { signingAlgorithms } from '../oauth/token/access-token-jwt.ts';
import { TestBrowser } from '../testing/test-browser.ts';
import { createTestClient, sendTo, type TestClient, type Tokens, tokensOf } from '../testing/test-client.ts';
import type { PortcullisConfig } from './config.ts';
import { Portcullis, type PortcullisRuntime } from './portcullis.ts';

const baseUrl = 'http://localhost:3000';
const key = 'k'.repeat(43);
let directory: string;
let database: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'portcullis-'));
  database = join(directory, 'data', 'test.db');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function open(config: PortcullisConfig = {}, runtime: PortcullisRuntime = {}): Promise<Portcullis> {
  const portcullis = await Portcullis.open(
    { ...testLimits, baseUrl, database, scopes: { read: {} }, ...config },
    runtime,
  );
  onTestFinished(() => portcullis.close());
  return portcullis;
}

/** A client that `ada` has allowed, and its tokens. */
async function connected(portcullis: Portcullis): Promise<{ client: TestClient; tokens: Tokens }> {
  const client = await createTestClient(portcullis);
  const prepared = client.prepareAuthorization();
  const arrived = await signInAndAllow(prepared.url, new TestBrowser(sendTo(portcullis), baseUrl));
  return { client, tokens: tokensOf(await client.redeem(client.receiveCode(prepared, arrived))) };
}

async function isHonoured(portcullis: Portcullis, { accessToken }: Tokens): Promise<boolean> {
  const request = new Request(`${baseUrl}/mcp`, { headers: { authorization: `Bearer ${accessToken}` } });
  return (await portcullis.authenticate(request)).token !== undefined;
}

describe('the first start', () => {
  it('makes the database and its key, for their owner alone, and a later one goes on with both', async () => {
    const first = await open();
    await addTestUser(first);
    const { client, tokens } = await connected(first);
    for (const file of ['test.db', 'master.key'])
      expect(statSync(join(directory, 'data', file)).mode & 0o777).toBe(0o600);
    await first.close();
    const second = await open();
    expect(await isHonoured(second, tokens)).toBe(true);
    expect(
      (
        await second.handle(
          new Request(`${baseUrl}/token`, {
            method: 'POST',
            body: new URLSearchParams({
              grant_type: 'refresh_token',
              refresh_token: tokens.refreshToken,
              client_id: client.clientId,
            }),
          }),
        )
      )?.status,
    ).toBe(200);
  });

  it('may be that of several at once: they agree on keys and schema', async () => {
    const opened = await Promise.all([open(), open(), open()]);
    const keys = await Promise.all(opened.map((each) => each.publicKeys()));
    expect(keys[0]).toHaveLength(1);
    expect(keys[1]).toEqual(keys[0]);
    expect(keys[2]).toEqual(keys[0]);
  });

  it('offers a link to make the first administrator, and none once there is one', async () => {
    const portcullis = await open();
    expect(await portcullis.setupUrl()).toMatch(/^http:\/\/localhost:3000\/setup\?token=[\w-]{43}$/);
    const { users, passwords } = portcullis.services;
    await users.create({ userName: 'root', role: 'admin', passwordHash: await passwords.hash('a password of length') });
    expect(await portcullis.setupUrl()).toBeUndefined();
  });
});

describe('the master key', () => {
  it('lies beside the database, however that is named', async () => {
    await open({ database: `sqlite:${database}` });
    expect(readdirSync(join(directory, 'data'))).toContain('master.key');
    await open({ database: `SQLITE:${join(directory, 'upper', 'test.db')}` });
    expect(readdirSync(join(directory, 'upper'))).toContain('master.key');
    await open({ database: `sqlite://${join(directory, 'slashes', 'test.db')}` });
    expect(readdirSync(join(directory, 'slashes'))).toContain('master.key');
  });

  it('of a database in memory is in no file', async () => {
    const before = readdirSync('.');
    for (const memory of [':memory:', 'sqlite::memory:']) await open({ database: memory });
    expect(readdirSync('.')).toEqual(before);
  });

  it('can be a file elsewhere, or the setting itself, but not both', async () => {
    await open({ masterKeyFile: join(directory, 'secrets', 'the.key') });
    expect(existsSync(join(directory, 'secrets', 'the.key'))).toBe(true);
    expect(existsSync(join(directory, 'data', 'master.key'))).toBe(false);
    await open({ masterKey: key, database: join(directory, 'other', 'test.db') });
    expect(readdirSync(join(directory, 'other')).filter((file) => file.endsWith('.key'))).toEqual([]);
    await expect(open({ masterKey: key, masterKeyFile: 'x' })).rejects.toThrow(/either masterKey or masterKeyFile/);
    await expect(open({ masterKey: 'short' })).rejects.toThrow(/^masterKey must be/);
  });

  it('that is wrong is refused, and the database is not left open', async () => {
    await (await open({ masterKey: key })).close();
    await expect(open({ masterKey: 'x'.repeat(43) })).rejects.toThrow(/restore the right key file/);
    expect(readdirSync(join(directory, 'data'))).toEqual(['test.db']);
    await open({ masterKey: key });
  });
});

describe('a configuration that cannot be used', () => {
  it('is refused and leaves nothing behind', async () => {
    const before = readdirSync('.');
    await expect(open({ database: 'mysql://db.example/portcullis' })).rejects.toThrow(/no database engine/);
    await expect(open({ baseUrl: 'http://mcp.example.com' })).rejects.toThrow(ConfigurationError);
    await expect(Portcullis.open({ databse: 'x' } as PortcullisConfig)).rejects.toThrow(/did you mean 'database'/);
    expect(readdirSync('.')).toEqual(before);
  });
});

describe('access tokens', () => {
  it.each(signingAlgorithms)(
    'signed with %s by choice are verified elsewhere with the published keys [RFC9068-03, RFC9068-11]',
    async (algorithm) => {
      const portcullis = await open({ tokens: { algorithm } });
      await addTestUser(portcullis);
      const { client, tokens } = await connected(portcullis);
      const metadata = (await (
        await portcullis.handle(new Request(`${baseUrl}/.well-known/oauth-authorization-server`))
      )?.json()) as { jwks_uri: string; issuer: string };
      const jwks = (await (await portcullis.handle(new Request(metadata.jwks_uri)))?.json()) as JSONWebKeySet;
      const { payload } = await jwtVerify(tokens.accessToken, createLocalJWKSet(jwks), {
        typ: 'at+jwt',
        issuer: metadata.issuer,
        audience: `${baseUrl}/mcp`,
        algorithms: [algorithm],
      });
      const ada = await portcullis.services.users.findByName('ada');
      expect(payload).toMatchObject({
        sub: ada?.userId,
        client_id: client.clientId,
        scope: 'read',
        auth_time: expect.any(Number),
      });
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600);
    },
  );

  it('signed before the algorithm was changed stay good', async () => {
    const first = await open();
    await addTestUser(first);
    const { tokens } = await connected(first);
    await first.close();
    expect(await isHonoured(await open({ tokens: { algorithm: 'ES256' } }), tokens)).toBe(true);
  });

  it('work with lifetimes of a fraction of a day', async () => {
    const portcullis = await open({ tokens: { refreshTokenDays: 0.7, refreshTokenAbsoluteDays: 1 / 3 } });
    await addTestUser(portcullis);
    const { client, tokens } = await connected(portcullis);
    tokensOf(await client.refresh(tokens.refreshToken));
  });

  it('keep their grant on record for as long as they live, also where the refresh token lives shorter', async () => {
    const clock = new ManualClock();
    const portcullis = await open({ tokens: { accessTokenSeconds: 3600, refreshTokenDays: 0.01 } }, { clock });
    await addTestUser(portcullis);
    const { tokens } = await connected(portcullis);
    const ada = await portcullis.services.users.findByName('ada');
    clock.advance(3_599_000);
    expect(await isHonoured(portcullis, tokens)).toBe(true);
    expect(await portcullis.services.grants.listForSubject(ada?.userId ?? ('' as never))).toHaveLength(1);
  });
});

describe('the retention job', () => {
  it('is started with Portcullis and ended with it [PITFALL-23]', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const clock = new ManualClock();
    const events: SecurityEvent[] = [];
    const portcullis = await open({}, { clock, onEvent: (event) => events.push(event) });
    const { database: store } = portcullis.services;
    const insert = () => store.write(sql("INSERT INTO setup_links (token_hash, expires_at) VALUES ('lapsed', 1)"));
    const count = async () => (await store.read('SELECT * FROM setup_links')).length;
    await createTestClient(portcullis);
    for (let round = 0; round < 2; round += 1) {
      await insert();
      await vi.advanceTimersByTimeAsync(60_000);
      await portcullis.services.retention.run();
      expect(await count()).toBe(0);
    }
    expect(await portcullis.services.clients.count()).toBe(1);
    clock.advance(8 * 86_400_000);
    await portcullis.services.retention.run();
    expect(await portcullis.services.clients.count()).toBe(0);
    await portcullis.close();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(events.filter(({ name }) => name === 'server.error')).toEqual([]);
  });

  it('by itself removes what lapsed, a minute after the start', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { services } = await open();
    await services.database.write(sql("INSERT INTO setup_links (token_hash, expires_at) VALUES ('lapsed', 1)"));
    await vi.advanceTimersByTimeAsync(60_000);
    await vi.waitFor(async () => expect(await services.database.read('SELECT * FROM setup_links')).toEqual([]));
  });

  it('leaves no client behind that is known here but not in the database: it is unknown at once [PITFALL-15]', async () => {
    const clock = new ManualClock();
    const portcullis = await open({}, { clock });
    const client = await createTestClient(portcullis);
    const authorize = async () => (await portcullis.handle(new Request(client.prepareAuthorization().url)))?.status;
    expect(await authorize()).toBe(302);
    clock.advance(7 * 86_400_000 + 1);
    await portcullis.services.retention.run();
    expect(await authorize()).toBe(400);
  });
});

it('takes a short absolute life of sessions without asking for a shorter idle one', async () => {
  await open({ sessions: { absoluteHours: 1 } });
});

it('closes once, whoever asks', async () => {
  const portcullis = await open();
  await Promise.all([portcullis.close(), portcullis.close()]);
  await portcullis.close();
});
