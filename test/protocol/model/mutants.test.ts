import { describe, expect, it } from 'vitest';
import { accessMutants } from '../mutants/access.ts';
import { codeMutants } from '../mutants/codes.ts';
import { partyMutants } from '../mutants/parties.ts';
import { refreshMutants } from '../mutants/refresh.ts';
import { sequenceMutants } from '../mutants/sequences.ts';
import { inMemoryWorld } from './in-memory-world.ts';
import { portcullisWorld } from './portcullis-world.ts';
import { sabotages } from './sabotage.ts';
import { trySequences } from './sequences.ts';

const seed = 1;
const timeout = 240_000;

describe('the reference disagrees with a provider that', () => {
  const mutants = [...sequenceMutants, ...partyMutants, ...codeMutants, ...refreshMutants, ...accessMutants];
  for (const { mistake, provider } of mutants) {
    it(mistake, { timeout }, async () => {
      const found = await trySequences(() => inMemoryWorld(provider), false, { runs: 400, seed, shrinks: false });
      expect(found).toBeDefined();
    });
  }
});

describe('the reference disagrees with a Portcullis that', () => {
  for (const { mistake, statements } of sabotages) {
    it(mistake, { timeout }, async () => {
      const found = await trySequences(() => portcullisWorld(statements), true, { runs: 300, seed, shrinks: false });
      expect(found).toBeDefined();
    });
  }
});
