import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addCode, codeFor, grantNamed, openSchema, openSigningKeys, start } from '../../test/support/database.ts';
import { ManualClock } from '../core/clock.ts';
import { sql } from '../core/database.ts';
import type { GrantId } from '../core/ids.ts';
import type { AccessToken } from '../core/records.ts';
import { GrantStore } from '../oauth/token/grant-store.ts';
import type { SigningKeys } from '../operations/keys/signing-keys.ts';
import type { DatabaseWithDialect } from '../storage/dialect.ts';
import { AccessTokens } from './access-tokens.ts';

const issuer = 'https://mcp.example.com';
const grant = grantNamed('grant');
const record: AccessToken = {
  kind: 'access_token',
  tokenId: 'token',
  grantId: grant.grantId,
  clientId: grant.clientId,
  subject: grant.subject,
  scopes: ['read'],
  resource: grant.resource,
  issuedAt: start,
  expiresAt: start + 600_000,
  claims: {},
};

let directory: string;
let database: DatabaseWithDialect;
let elsewhere: DatabaseWithDialect;
let clock: ManualClock;
let keys: SigningKeys;
let grants: GrantStore;
let tokens: AccessTokens;
let reads: number;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'portcullis-tokens-'));
  database = await openSchema(join(directory, 'test.db'));
  elsewhere = await openSchema(join(directory, 'test.db'));
  await addCode(database, codeFor(grant, 'code'));
  clock = new ManualClock();
  keys = await openSigningKeys(database, clock);
  reads = 0;
  const counting = {
    write: database.write.bind(database),
    revision: database.revision.bind(database),
    close: database.close.bind(database),
    read: ((text, ...values) => {
      reads += 1;
      return database.read(text, ...values);
    }) satisfies DatabaseWithDialect['read'],
  };
  grants = new GrantStore(counting, clock);
  tokens = new AccessTokens({ keys, grants, database: counting, clock, issuer });
});
afterEach(async () => {
  await database.close();
  await elsewhere.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A token that has been found before, so that it is remembered. */
async function remembered(): Promise<string> {
  const jwt = tokens.sign(record);
  expect(await tokens.find(jwt)).toEqual(record);
  return jwt;
}

describe('a signed token', () => {
  it('is found as it was signed, and the second time without a question to the database', async () => {
    const jwt = await remembered();
    const asked = reads;
    for (let count = 0; count < 100; count += 1) expect(await tokens.find(jwt)).toEqual(record);
    expect(reads).toBe(asked);
  });

  it('that nobody signed is not found', async () => {
    const jwt = await remembered();
    for (const forged of [`${jwt}x`, jwt.slice(0, -1), 'x', '', `${jwt}.${jwt}`])
      expect(await tokens.find(forged)).toBeUndefined();
  });

  it('of a grant that never was is not found', async () => {
    expect(await tokens.find(tokens.sign({ ...record, grantId: 'unknown' as GrantId }))).toBeUndefined();
  });

  it('that has expired is not found, whether it was remembered or not [RFC9068-16]', async () => {
    const jwt = await remembered();
    clock.advance(599_999);
    expect(await tokens.find(jwt)).toEqual(record);
    clock.advance(1);
    expect(await tokens.find(jwt)).toBeUndefined();
    expect(await tokens.find(tokens.sign({ ...record, tokenId: 'other' }))).toBeUndefined();
  });
});

describe('a revocation is seen at the very next look, though the token was remembered', () => {
  it('made by this process', async () => {
    const jwt = await remembered();
    await grants.revoke(grant.grantId, 'test');
    expect(await tokens.find(jwt)).toBeUndefined();
    expect(await tokens.find(jwt)).toBeUndefined();
  });

  it('made by other statements of this process that say so', async () => {
    const jwt = await remembered();
    await database.write(sql('UPDATE grants SET revoked_at = 1'));
    grants.noteRevocation();
    expect(await tokens.find(jwt)).toBeUndefined();
  });

  it('made by another process, in whatever way', async () => {
    for (const statement of ['UPDATE grants SET revoked_at = 1', 'DELETE FROM grants', 'DELETE FROM clients']) {
      await database.write(sql('DELETE FROM clients'));
      await addCode(database, codeFor(grant, 'code'));
      grants.noteRevocation();
      const jwt = await remembered();
      await elsewhere.write(sql(statement));
      expect(await tokens.find(jwt), statement).toBeUndefined();
    }
  });

  it('and one that comes while the token is being looked up is not lost', async () => {
    const jwt = tokens.sign(record);
    const looking = tokens.find(jwt);
    const revoking = grants.revoke(grant.grantId, 'test');
    await Promise.all([looking, revoking]);
    expect(await tokens.find(jwt)).toBeUndefined();
  });

  it('while other tokens stay good, at the price of one question each', async () => {
    await addCode(database, codeFor(grantNamed('other'), 'other code'));
    const other = tokens.sign({ ...record, grantId: 'other' as GrantId });
    await tokens.find(other);
    await remembered();
    await grants.revoke(grant.grantId, 'test');
    const asked = reads;
    for (let count = 0; count < 10; count += 1) expect(await tokens.find(other)).toBeDefined();
    expect(reads).toBe(asked + 1);
  });
});

describe('when keys change, a token', () => {
  it('that was signed before is still found, remembered or not', async () => {
    const jwt = await remembered();
    const unseen = tokens.sign({ ...record, tokenId: 'unseen' });
    await keys.rotate('at once');
    expect(await tokens.find(jwt)).toEqual(record);
    expect(await tokens.find(unseen)).toBeDefined();
    const [header] = tokens.sign(record).split('.');
    expect(jwt.startsWith(`${header}.`)).toBe(false);
  });

  it('of a key that another process made is found', async () => {
    const theirs = await openSigningKeys(elsewhere, clock);
    await theirs.rotate('at once');
    const other = new AccessTokens({
      keys: theirs,
      grants: new GrantStore(elsewhere, clock),
      database: elsewhere,
      clock,
      issuer,
    });
    expect(await tokens.find(other.sign(record))).toEqual(record);
  });

  it('of a key that another process removed as compromised is refused at the next look, though it was remembered', async () => {
    const jwt = await remembered();
    await (await openSigningKeys(elsewhere, clock)).rotate('old ones are compromised');
    expect(await tokens.find(jwt)).toBeUndefined();
    expect(await tokens.find(tokens.sign(record))).toEqual(record);
  });
});
