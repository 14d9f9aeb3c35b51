import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Database, sql } from '../../src/core/database.ts';
import { openDatabase } from '../../src/storage/open.ts';
import { certificateFor } from '../support/certificates.ts';
import { leasePostgres } from '../support/postgres-lease.ts';
import { type ProxyOptions, startPostgresProxy } from '../support/postgres-proxy.ts';

let address: string;

beforeEach(async () => {
  const leased = await leasePostgres();
  address = leased.url;
  onTestFinished(leased.release);
});

async function openAt(url: string): Promise<Database> {
  const database = await openDatabase(url);
  onTestFinished(() => database.close());
  return database;
}

async function openBehindProxy(options: ProxyOptions = {}) {
  const proxy = await startPostgresProxy(address, {
    ...options,
    parameters: { pool_size: '1', connect_timeout: '1', statement_timeout: '1', ...options.parameters },
  });
  return { proxy, database: await openAt(proxy.address) };
}

const insert = (hash: string) => sql('INSERT INTO setup_links (token_hash, expires_at) VALUES (?, 0)', hash);
const hashes = async (database: Database) =>
  (await database.read('SELECT token_hash FROM setup_links ORDER BY token_hash')).map((row) => row['token_hash']);

test('a batch is one round trip, however many statements it has, and so is a read', async () => {
  const { proxy, database } = await openBehindProxy();
  for (let round = 0; round < 2; round += 1) {
    const before = proxy.roundTrips;
    await database.write(insert(`a${round}`), insert(`b${round}`), sql('SELECT 1 AS one'));
    await database.read('SELECT 1 AS one');
    expect(proxy.roundTrips - before).toBe(2);
  }
});

describe('a connection that is lost', () => {
  test('while a batch is under way ends it with an outage, and it is not run again: it may have been committed', async () => {
    const { proxy, database } = await openBehindProxy();
    await database.write(insert('a'));
    proxy.mode = 'cut';
    const lost = database.write(insert('b'));
    await expect(lost).rejects.toMatchObject({ code: 'unreachable', retryAfterSeconds: 10 });
    proxy.mode = 'pass';
    // It was: the server had answered.
    expect(await hashes(database)).toEqual(['a', 'b']);
    await database.write(insert('c'));
  });

  test('while nobody uses it is replaced, and reads are repeated', async () => {
    const { database } = await openBehindProxy();
    const administrator = await openAt(address);
    for (let round = 0; round < 5; round += 1) {
      await database.read('SELECT 1 AS one');
      await administrator.read(
        "SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'portcullis' AND pid <> pg_backend_pid()",
      );
      expect(await database.read('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    }
  });

  test('silently is given up in bounded time, and does not stay in the pool', async () => {
    const { proxy, database } = await openBehindProxy();
    await database.read('SELECT 1 AS one');
    proxy.mode = 'stall';
    const start = performance.now();
    await expect(database.write(insert('a'))).rejects.toMatchObject({ code: 'unreachable', retryAfterSeconds: 10 });
    expect(performance.now() - start).toBeLessThan(10_000);
    proxy.mode = 'pass';
    await database.write(insert('b'));
    expect(await hashes(database)).toEqual(['b']);
  });
});

test('a statement that takes too long, or waits too long for a lock, is an outage', async () => {
  const { database } = await openBehindProxy();
  await expect(database.read('SELECT pg_sleep(20)')).rejects.toMatchObject({ code: 'busy', retryAfterSeconds: 1 });
  expect(await database.read('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('where every connection of the pool is in use, the next one is told that there is an outage', async () => {
  const { database } = await openBehindProxy({ parameters: { statement_timeout: '5' } });
  const long = database.read('SELECT pg_sleep(2.5)');
  await expect(database.read('SELECT 1 AS one')).rejects.toMatchObject({
    code: 'busy',
    retryAfterSeconds: 1,
    hint: expect.stringContaining('pool_size'),
  });
  await long;
});

test('a server that may only be read is an outage for writes, until it may be written again', async () => {
  const { database } = await openBehindProxy();
  const administrator = await openAt(address);
  const name = new URL(address).pathname.slice(1);
  await administrator.write(sql(`ALTER DATABASE ${name} SET default_transaction_read_only = on`));
  const reader = await openAt(address);
  await expect(reader.write(insert('a'))).rejects.toMatchObject({ code: 'readonly', retryAfterSeconds: 10 });
  await administrator.write(sql(`ALTER DATABASE ${name} RESET default_transaction_read_only`));
  await reader.write(insert('b'));
  expect(await hashes(database)).toEqual(['b']);
});

describe('TLS', () => {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-postgres-tls-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  function certificateOf(host: string) {
    const { pem, key } = certificateFor([host]);
    const sslrootcert = join(directory, `${host}.pem`);
    writeFileSync(sslrootcert, pem);
    return { tls: { key, cert: pem }, sslrootcert };
  }

  const rightful = certificateOf('localhost');
  const foreign = certificateOf('db.example');

  test.each([
    ['verify-full', rightful, rightful.sslrootcert],
    ['verify-ca', foreign, foreign.sslrootcert],
    ['require', foreign, undefined],
  ])('with sslmode=%s lets a server in', async (sslmode, { tls }, sslrootcert) => {
    const parameters = { sslmode, ...(sslrootcert === undefined ? {} : { sslrootcert }) };
    const { address: behind } = await startPostgresProxy(address, { tls, parameters });
    const database = await openAt(behind);
    await database.write(insert('a'));
    expect(await hashes(database)).toEqual(['a']);
  });

  test.each([
    ['verify-full', rightful, undefined, /self-signed certificate/],
    ['verify-full', foreign, foreign.sslrootcert, /does not match certificate/],
    ['verify-ca', rightful, foreign.sslrootcert, /self-signed certificate/],
  ])('with sslmode=%s keeps a server out', async (sslmode, { tls }, sslrootcert, reason) => {
    const parameters = { sslmode, ...(sslrootcert === undefined ? {} : { sslrootcert }) };
    const { address: behind } = await startPostgresProxy(address, { tls, parameters });
    const refused = openDatabase(behind);
    await expect(refused).rejects.toMatchObject({ code: 'unreachable', message: expect.stringMatching(reason) });
  });

  test('is not given up where the server has none', async () => {
    const url = new URL(address);
    url.searchParams.set('sslmode', 'verify-full');
    const { address: behind } = await startPostgresProxy(url.href);
    await expect(openDatabase(behind)).rejects.toThrow('does not support SSL');
  });
});
