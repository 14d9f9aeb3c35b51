import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addClient, addCode, codeFor, countOf, grantNamed, openSchema, start } from '../../../test/support/database.ts';
import { ManualClock } from '../../core/clock.ts';
import { type SqlValue, sql } from '../../core/database.ts';
import { allMigrations } from '../../portcullis/migrations.ts';
import type { DatabaseWithDialect } from '../../storage/dialect.ts';
import { Retention } from './retention.ts';
import { retentionRules, tasksFor } from './rules.ts';

const day = 86_400_000;
let database: DatabaseWithDialect;
let clock: ManualClock;

beforeEach(async () => {
  database = await openSchema();
  clock = new ManualClock();
});
afterEach(() => database.close());

const run = (batchSize = 500) =>
  new Retention(tasksFor(retentionRules, database, clock), { batchSize, onError: fail }).run();

function fail(error: unknown): never {
  throw error;
}

function write(text: string, ...values: SqlValue[]) {
  return database.write(sql(text, ...values));
}

async function keysOf(table: string, key: string): Promise<unknown[]> {
  return (await database.read(`SELECT ${key} AS k FROM ${table} ORDER BY ${key}`)).map(({ k }) => k);
}

describe('what has lapsed is removed, and nothing else [PITFALL-23]', () => {
  it('authorization requests, an hour after they expired', async () => {
    await addClient(database);
    for (const [name, expiresAt] of [
      ['lapsed', start - 3_600_001],
      ['just', start - 3_600_000],
      ['alive', start + 1],
    ] as const) {
      await write(
        "INSERT INTO authorization_requests (request_hash, client_id, parameters, created_at, expires_at) VALUES (?, 'client', '{}', 0, ?)",
        name,
        expiresAt,
      );
    }
    expect(await run()).toBe(1);
    expect(await keysOf('authorization_requests', 'request_hash')).toEqual(['alive', 'just']);
  });

  it('codes, a day after they expired, spent or not: until then a replay is recognised', async () => {
    for (const [name, expiresAt] of [
      ['lapsed', start - day - 1],
      ['just', start - day],
      ['alive', start + 1],
    ] as const) {
      await addCode(database, codeFor(grantNamed(name), name, expiresAt));
    }
    await write('UPDATE grants SET expires_at = ?', start + 1);
    expect(await run()).toBe(1);
    expect(await keysOf('authorization_codes', 'code_hash')).toEqual(['alive', 'just']);
    expect(await countOf(database, 'grants')).toBe(3);
  });

  it('refresh tokens, a day after they expired: until then reuse is recognised', async () => {
    await addCode(database, codeFor(grantNamed('grant'), 'code'));
    await write('UPDATE grants SET expires_at = ?', start + 1);
    for (const [name, expiresAt] of [
      ['lapsed', start - day - 1],
      ['just', start - day],
      ['alive', start + 1],
    ] as const) {
      await write(
        "INSERT INTO refresh_tokens (token_hash, grant_id, generation, issued_at, expires_at) VALUES (?, 'grant', 0, 0, ?)",
        name,
        expiresAt,
      );
    }
    expect(await run()).toBe(1);
    expect(await keysOf('refresh_tokens', 'token_hash')).toEqual(['alive', 'just']);
  });

  it('grants, a day after everything of theirs expired or a week after they were revoked, with their codes and tokens', async () => {
    const grants = [
      ['expired', start - day - 1, null],
      ['expiring', start - day, null],
      ['alive', start + day, null],
      ['revoked', start + day, start - 7 * day - 1],
      ['revoked lately', start + day, start - 7 * day],
    ] as const;
    for (const [name, expiresAt, revokedAt] of grants) {
      await addCode(database, codeFor(grantNamed(name), `code ${name}`));
      await write('UPDATE grants SET expires_at = ?, revoked_at = ? WHERE grant_id = ?', expiresAt, revokedAt, name);
      await write(
        'INSERT INTO refresh_tokens (token_hash, grant_id, generation, issued_at, expires_at) VALUES (?, ?, 0, 0, ?)',
        `token ${name}`,
        name,
        start + day,
      );
    }
    expect(await run()).toBe(2);
    const left = ['alive', 'expiring', 'revoked lately'];
    expect(await keysOf('grants', 'grant_id')).toEqual(left);
    expect(await keysOf('authorization_codes', 'code_hash')).toEqual(left.map((name) => `code ${name}`));
    expect(await keysOf('refresh_tokens', 'token_hash')).toEqual(left.map((name) => `token ${name}`));
  });

  it('sessions, failed sign-ins and set-up links, when they expired', async () => {
    await write(
      "INSERT INTO users (user_id, user_name, user_key, display_name, role, status, password_hash, password_changed_at, created_at) VALUES ('u', 'u', 'u', 'u', 'user', 'active', '', 0, 0)",
    );
    for (const [name, expiresAt] of [
      ['lapsed', start - 1],
      ['alive', start + 1],
    ] as const) {
      await write(
        "INSERT INTO sessions (session_hash, user_id, authenticated_at, last_seen_at, expires_at) VALUES (?, 'u', 0, 0, ?)",
        name,
        expiresAt,
      );
      await write(
        "INSERT INTO sign_in_failures (bucket, account, failures, wait, failed_at, blocked_until, attempt, expires_at) VALUES (?, 'a', 1, 0, 0, 0, 'x', ?)",
        name,
        expiresAt,
      );
      await write('INSERT INTO setup_links (token_hash, expires_at) VALUES (?, ?)', name, expiresAt);
    }
    expect(await run()).toBe(3);
    expect(await keysOf('sessions', 'session_hash')).toEqual(['alive']);
    expect(await keysOf('sign_in_failures', 'bucket')).toEqual(['alive']);
    expect(await keysOf('setup_links', 'token_hash')).toEqual(['alive']);
  });

  it('as time goes by', async () => {
    await addCode(database, codeFor(grantNamed('grant'), 'code'));
    expect(await run()).toBe(0);
    clock.advance(day + 60_001);
    expect(await run()).toBeGreaterThan(0);
    expect(await countOf(database, 'grants')).toBe(0);
    expect(await countOf(database, 'clients')).toBe(1);
  });
});

it('a backlog larger than a batch is removed in one run', async () => {
  await addClient(database);
  const insert =
    "INSERT INTO authorization_requests (request_hash, client_id, parameters, created_at, expires_at) VALUES (?, 'client', '{}', 0, 0)";
  await database.write(...Array.from({ length: 1050 }, (_, index) => sql(insert, `request ${index}`)));
  expect(await run(100)).toBe(1050);
  expect(await countOf(database, 'authorization_requests')).toBe(0);
});

it('every rule finds its rows by an index, but for the one set-up link', () => {
  const sqlite = new DatabaseSync(':memory:');
  for (const statement of allMigrations.flatMap(({ statements }) => statements)) sqlite.exec(statement);
  for (const { table, key, condition } of retentionRules) {
    const plan = sqlite.prepare(`EXPLAIN QUERY PLAN SELECT ${key} FROM ${table} WHERE ${condition} LIMIT 500`).all(0);
    if (table !== 'setup_links')
      expect(`${table} ${condition}: ${String(plan[0]?.['detail'])}`).toMatch(/USING (COVERING )?INDEX/);
  }
  sqlite.close();
});
