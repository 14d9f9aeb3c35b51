import { describe, expect, it } from 'vitest';
import { sequenceMutants } from '../mutants/sequences.ts';
import { inMemoryWorld } from './in-memory-world.ts';
import { portcullisWorld } from './portcullis-world.ts';
import { newTally, type Tally, trySequences } from './sequences.ts';
import type { Doing } from './steps.ts';

const seed = 20_261;
const everywhere: readonly Doing[] = [
  'register',
  'authorize',
  'connect',
  'redeem',
  'redeem at once',
  'refresh',
  'refresh at once',
  'exchange',
  'act for itself',
  'call',
  'start device',
  'connect device',
  'decide on device',
  'poll',
  'poll at once',
  'publish',
  'change document',
  'assert',
  'present again',
  'issuer',
  'revoke',
  'end while it is used',
  'wait',
  'sweep',
];
const administered: readonly Doing[] = [
  'user',
  'link',
  'unlink',
  'withdraw',
  'delete client',
  'delete machine',
  'rotate keys',
];

/** Whatever has not been done, or was never granted where something can be. */
function untried({ steps }: Tally, doings: readonly Doing[]): Doing[] {
  const grants: readonly Doing[] = [
    'connect',
    'redeem',
    'redeem at once',
    'refresh',
    'refresh at once',
    'exchange',
    'act for itself',
    'connect device',
    'poll',
    'assert',
  ];
  return doings.filter((doing) => {
    const counts = steps.get(doing);
    return counts === undefined || (grants.includes(doing) && (counts.granted === 0 || counts.granted === counts.done));
  });
}

describe('whatever is done in whatever order, what lives and what is dead is what a reference of plain lists says', () => {
  it('at InMemoryProvider', { timeout: 120_000 }, async () => {
    const tally = newTally();
    const found = await trySequences(() => inMemoryWorld(), false, { runs: 200, seed, tally });
    expect(found?.report).toBeUndefined();
    expect(untried(tally, everywhere)).toEqual([]);
  });

  it('at Portcullis, users, clients and keys that come and go included', { timeout: 240_000 }, async () => {
    const tally = newTally();
    const found = await trySequences(() => portcullisWorld(), true, { runs: 80, seed, tally });
    expect(found?.report).toBeUndefined();
    expect(untried(tally, [...everywhere, ...administered])).toEqual([]);
  });

  it('and a disagreement is told as the few steps that lead to it', { timeout: 120_000 }, async () => {
    const [{ provider }] = sequenceMutants;
    const found = await trySequences(() => inMemoryWorld(provider), false, { runs: 50, seed });
    expect(found?.length).toBeLessThanOrEqual(4);
    expect(found?.report).toMatch(/^seed 20261:\n {2}(connect|start device): (user 0 for )?client/);
    expect(found?.report).toContain('refresh token 0');
  });
});
