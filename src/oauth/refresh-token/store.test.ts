import * as fc from 'fast-check';
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
import { AuthorizationCodeStore } from '../authorization-code/store.ts';
import { maximumRetries, RefreshTokenStore, type Rotation } from './store.ts';

const grace = 30_000;
const now = start + 10_000;
const expiresAt = start + 86_400_000;
const grant = grantNamed('grant', { scopes: ['read', 'write'] });

let database: DatabaseWithDialect;
let tokens: RefreshTokenStore;

beforeEach(async () => {
  database = await openSchema();
  tokens = new RefreshTokenStore(database);
  await begin('grant', 'first');
});
afterEach(() => database.close());

/** A grant whose code has been redeemed for this refresh token. */
async function begin(grantId: string, token: string): Promise<void> {
  const of = { ...grant, grantId: grantNamed(grantId).grantId };
  const code = codeFor(of, `code of ${grantId}`);
  await addCode(database, code);
  await new AuthorizationCodeStore(database).redeem(
    code,
    `spent for ${grantId}`,
    refreshTokenFor(of, token, expiresAt),
    start,
    expiresAt,
  );
}

function rotate(presented: string, next: string, times: { at?: number; grace?: number } = {}): Promise<Rotation> {
  const at = times.at ?? now;
  return tokens.rotate({ hash: hash(presented) }, refreshTokenFor(grant, next, at + 86_400_000), {
    now: at,
    grace: times.grace ?? grace,
    grantExpiresAt: at + 90_000_000,
  });
}

const hash = (value: string) => value as SecretHash;
const grantRow = async () => (await database.read("SELECT * FROM grants WHERE grant_id = 'grant'"))[0];

describe('load', () => {
  it('finds a token with its grant and when that was approved, rotated or not', async () => {
    const expected = refreshTokenFor(grant, 'first', expiresAt);
    expect(await tokens.load(hash('first'))).toEqual(expected);
    await rotate('first', 'second');
    expect(await tokens.load(hash('first'))).toEqual(expected);
    expect(await tokens.load(hash('second'))).toMatchObject({ issuedAt: now, grant: { approvedAt: start } });
  });

  it('finds nothing that is unknown, or whose grant is revoked', async () => {
    expect(await tokens.load(hash('unknown'))).toBeUndefined();
    await database.write(sql('UPDATE grants SET revoked_at = ?', now));
    expect(await tokens.load(hash('first'))).toBeUndefined();
  });
});

describe('rotate', () => {
  it('rotates the present token: the family moves on, its life with it', async () => {
    expect(await rotate('first', 'second')).toBe('rotated');
    expect(await grantRow()).toMatchObject({
      generation: 1,
      retries: 0,
      rotated_at: now,
      last_used_at: now,
      expires_at: now + 90_000_000,
    });
    expect(await rotate('second', 'third', { at: now + grace + 1 })).toBe('rotated');
    expect(await grantRow()).toMatchObject({ generation: 2 });
  });

  it('takes the previous token for a retry within the grace: its successor is as good as the first one', async () => {
    await rotate('first', 'second');
    expect(await rotate('first', 'sibling', { at: now + grace - 1 })).toBe('retried');
    expect(await grantRow()).toMatchObject({
      generation: 1,
      retries: 1,
      last_used_at: now + grace - 1,
      expires_at: now + grace - 1 + 90_000_000,
    });
    expect(await rotate('sibling', 'third', { at: now + 3 * grace })).toBe('rotated');
    expect(await rotate('second', 'late sibling', { at: now + 3 * grace + 1 })).toBe('retried');
  });

  it('takes the previous token for reuse once the grace is over, to the millisecond', async () => {
    await rotate('first', 'second');
    expect(await rotate('first', 'x', { at: now + grace })).toBe('reused');
  });

  it('takes a token from before the previous one for reuse, however soon it comes', async () => {
    await rotate('first', 'second');
    await rotate('second', 'third');
    expect(await rotate('first', 'x')).toBe('reused');
    expect(await rotate('second', 'y')).toBe('retried');
  });

  it('without a grace takes every rotated token for reuse, also where another process has the later clock', async () => {
    await rotate('first', 'second', { grace: 0 });
    expect(await rotate('first', 'x', { grace: 0 })).toBe('reused');
    expect(await rotate('first', 'x', { grace: 0, at: now - 5 })).toBe('reused');
    expect(await grantRow()).toMatchObject({ retries: 0 });
  });

  it('refuses more retries than a client can need, revoking nothing, and allows them again after the next rotation', async () => {
    await rotate('first', 'second');
    for (let retry = 0; retry < maximumRetries; retry += 1)
      expect(await rotate('first', `sibling ${retry}`)).toBe('retried');
    expect(await rotate('first', 'one too many')).toBe('refused');
    expect(await grantRow()).toMatchObject({ retries: maximumRetries, revoked_at: null });
    expect(await rotate('sibling 3', 'third')).toBe('rotated');
    expect(await rotate('second', 'sibling')).toBe('retried');
  });

  it('refuses a token that expired or whose grant was revoked since it was loaded: that is no reuse', async () => {
    expect(await rotate('first', 'x', { at: expiresAt })).toBe('refused');
    expect(await rotate('unknown', 'x')).toBe('refused');
    await database.write(sql('UPDATE grants SET revoked_at = ?', now));
    expect(await rotate('first', 'x')).toBe('refused');
  });

  it('stores a successor only where it was rotated or retried', async () => {
    await rotate('first', 'second');
    await rotate('first', 'sibling');
    await rotate('first', 'x', { at: now + grace });
    await rotate('unknown', 'y');
    const stored = await database.read('SELECT token_hash, generation FROM refresh_tokens ORDER BY token_hash');
    expect(stored).toEqual([
      { token_hash: 'first', generation: 0 },
      { token_hash: 'second', generation: 1 },
      { token_hash: 'sibling', generation: 1 },
    ]);
  });

  it('never moves one family by the token of another', async () => {
    await begin('other', 'of another family');
    expect(await rotate('of another family', 'x')).not.toBe('rotated');
    expect(await grantRow()).toMatchObject({ generation: 0 });
    expect(await countOf(database, 'refresh_tokens')).toBe(2);
  });

  it('of any number of calls rotates once, and within the grace lets a few retry [PITFALL-05, PITFALL-06]', async () => {
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, index) => rotate('first', `next ${index}`)));
    const count = (outcome: Rotation) => outcomes.filter((each) => each === outcome).length;
    expect([count('rotated'), count('retried'), count('refused'), count('reused')]).toEqual([
      1,
      maximumRetries,
      50 - 1 - maximumRetries,
      0,
    ]);
  });

  it('of any number of calls without a grace rotates once, and all others are reuse [PITFALL-05]', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) => rotate('first', `next ${index}`, { grace: 0 })),
    );
    expect(outcomes.filter((outcome) => outcome === 'rotated')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'reused')).toHaveLength(49);
  });

  it('in any order of presentations honours the present generation and the one before it only', async () => {
    const presentations = fc.array(
      fc.record({ token: fc.nat(20), pause: fc.constantFrom(0, 1, grace - 1, grace, 2 * grace) }),
      { maxLength: 25 },
    );
    let family = 0;
    await fc.assert(
      fc.asyncProperty(presentations, async (steps) => {
        family += 1;
        const id = `family ${family}`;
        await begin(id, `${id} token 0`);
        const generations = [0];
        let [present, rotatedAt, retries, at] = [0, 0, 0, now];
        for (const { token, pause } of steps) {
          at += pause;
          const index = token % generations.length;
          const behind = present - (generations[index] ?? 0);
          const recent = behind === 1 && rotatedAt > at - grace;
          const expected: Rotation =
            behind === 0 ? 'rotated' : !recent ? 'reused' : retries < maximumRetries ? 'retried' : 'refused';
          const next = refreshTokenFor(
            { ...grant, grantId: grantNamed(id).grantId },
            `${id} token ${generations.length}`,
            at + 86_400_000,
          );
          expect(
            await tokens.rotate({ hash: hash(`${id} token ${index}`) }, next, {
              now: at,
              grace,
              grantExpiresAt: next.expiresAt,
            }),
          ).toBe(expected);
          if (expected === 'rotated') [present, rotatedAt, retries] = [present + 1, at, 0];
          if (expected === 'retried') retries += 1;
          if (expected === 'rotated' || expected === 'retried') generations.push(present);
        }
      }),
      { numRuns: 40 },
    );
  });
});
