import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addCode,
  codeFor,
  countOf,
  grantNamed,
  openSchema,
  refreshTokenFor,
  start,
} from '../../../test/support/database.ts';
import { sql } from '../../core/database.ts';
import type { SecretHash } from '../../core/ids.ts';
import type { DatabaseWithDialect } from '../../storage/dialect.ts';
import { AuthorizationCodeStore, storeCode } from './store.ts';

const now = start + 1000;
const grant = grantNamed('grant', { scopes: ['read', 'write'] });
const code = codeFor(grant, 'code');
const refresh = refreshTokenFor(grant, 'refresh');
const lastExpiry = start + 86_400_000;

let database: DatabaseWithDialect;
let codes: AuthorizationCodeStore;

beforeEach(async () => {
  database = await openSchema();
  codes = new AuthorizationCodeStore(database);
  await addCode(database, code);
});
afterEach(() => database.close());

const redeem = (spentBy = 'one', at = now) => codes.redeem(code, spentBy, refresh, at, lastExpiry);
const hash = (value: string) => value as SecretHash;

async function row(table: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  return (await database.read(`SELECT * FROM ${table}`))[0];
}

describe('load', () => {
  it('finds a code with its grant, spent or not, by its hash alone', async () => {
    expect(await codes.load(hash('code'))).toEqual(code);
    expect(await codes.load(hash('Code'))).toBeUndefined();
    await redeem();
    expect(await codes.load(hash('code'))).toEqual({ ...code, spentAt: now });
  });

  it('keeps whether the redirect URI was sent', async () => {
    const other = { ...codeFor(grantNamed('other'), 'other'), redirectUriWasSent: false };
    await addCode(database, other);
    expect((await codes.load(hash('other')))?.redirectUriWasSent).toBe(false);
  });

  it('finds nothing where the grant is revoked', async () => {
    await database.write(sql('UPDATE grants SET revoked_at = ?', now));
    expect(await codes.load(hash('code'))).toBeUndefined();
  });
});

describe('redeem', () => {
  it('spends the code, stores the refresh token, and marks grant and client as used, all at once', async () => {
    expect(await redeem()).toBe(true);
    expect(await row('authorization_codes')).toMatchObject({ spent_at: now, spent_by: 'one' });
    expect(await row('grants')).toMatchObject({
      redeemed_at: now,
      last_used_at: now,
      expires_at: lastExpiry,
      generation: 0,
    });
    expect(await row('refresh_tokens')).toMatchObject({
      token_hash: 'refresh',
      grant_id: 'grant',
      generation: 0,
      expires_at: refresh.expiresAt,
    });
    expect(await row('clients')).toMatchObject({ last_used_at: now });
  });

  it('of any number of calls has one winner, and the losers leave nothing behind [PITFALL-03, PITFALL-35]', async () => {
    const calls = Array.from({ length: 50 }, (_, index) =>
      codes.redeem(code, `racer ${index}`, refreshTokenFor(grant, `refresh ${index}`), now, lastExpiry),
    );
    const won = await Promise.all(calls);
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await countOf(database, 'refresh_tokens')).toBe(1);
    expect(await row('refresh_tokens')).toMatchObject({ token_hash: `refresh ${won.indexOf(true)}` });
    expect(await redeem('late', now + 1)).toBe(false);
    expect(await row('grants')).toMatchObject({ redeemed_at: now });
    expect(await row('clients')).toMatchObject({ last_used_at: now });
  });

  it('stores no refresh token where there is none', async () => {
    expect(await codes.redeem(code, 'one', undefined, now, lastExpiry)).toBe(true);
    expect(await countOf(database, 'refresh_tokens')).toBe(0);
  });

  it('loses where the code has expired, to the millisecond', async () => {
    expect(await redeem('late', code.expiresAt)).toBe(false);
    expect(await redeem('in time', code.expiresAt - 1)).toBe(true);
  });

  it('loses where the grant was revoked since the code was loaded, and opens nothing', async () => {
    await database.write(sql('UPDATE grants SET revoked_at = ?', now));
    expect(await redeem()).toBe(false);
    expect(await row('authorization_codes')).toMatchObject({ spent_at: null });
    expect(await countOf(database, 'refresh_tokens')).toBe(0);
  });

  it('loses where the client was deleted since, with all that hung on it', async () => {
    await database.write(sql('DELETE FROM clients'));
    expect(await redeem()).toBe(false);
    expect(await countOf(database, 'grants')).toBe(0);
    expect(await countOf(database, 'refresh_tokens')).toBe(0);
  });

  it('leaves other grants of the same client alone', async () => {
    await addCode(database, codeFor(grantNamed('other'), 'other'));
    await redeem();
    expect(await codes.load(hash('other'))).not.toHaveProperty('spentAt');
    expect(await database.read("SELECT redeemed_at FROM grants WHERE grant_id = 'other'")).toEqual([
      { redeemed_at: null },
    ]);
  });
});

describe('storeCode', () => {
  it('stores nothing where its condition does not hold', async () => {
    await database.write(...storeCode(codeFor(grantNamed('other'), 'other'), sql('1 = ?', 2)));
    expect(await countOf(database, 'grants')).toBe(1);
    expect(await codes.load(hash('other'))).toBeUndefined();
  });

  it('stores the grant as it was approved, alive for as long as the code', async () => {
    expect(await row('grants')).toMatchObject({
      subject: 'user',
      scopes: '["read","write"]',
      authenticated_at: start,
      approved_at: start,
      redeemed_at: null,
      revoked_at: null,
      expires_at: code.expiresAt,
    });
  });
});
