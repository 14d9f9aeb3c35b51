import { AssertionError } from 'node:assert';
import { describe, expect, it } from 'vitest';
import { type AcceptanceCase, acceptanceCases, type CreateHarness } from '../../src/testing/index.ts';
import { accessMutants } from './mutants/access.ts';
import { assertionMutants } from './mutants/assertions.ts';
import { codeMutants } from './mutants/codes.ts';
import { keyMutants } from './mutants/keys.ts';
import type { Mutant } from './mutants/mutant.ts';
import { refreshMutants } from './mutants/refresh.ts';
import { registrationMutants } from './mutants/registration.ts';
import { storeMutants } from './mutants/store.ts';

const mutants: readonly Mutant[] = [
  ...codeMutants,
  ...refreshMutants,
  ...accessMutants,
  ...storeMutants,
  ...keyMutants,
  ...assertionMutants,
  ...registrationMutants,
];

function casesThatBegin(beginning: string): AcceptanceCase[] {
  return acceptanceCases.filter(({ name }) => name.startsWith(beginning));
}

function harnessOf({ provider: MutantProvider, dumpStorage }: Mutant): CreateHarness {
  return ({ options, environment }) => {
    const provider = new MutantProvider(options, environment);
    return {
      provider,
      invite: async (uses) => provider.addRegistrationToken(uses),
      approveClient: async (clientId) => void (await provider.approveClient(clientId)),
      ...(dumpStorage === undefined ? {} : { dumpStorage: async () => dumpStorage(provider) }),
    };
  };
}

describe('the acceptance suite fails for a provider that', () => {
  for (const mutant of mutants) {
    it(mutant.mistake, async () => {
      for (const beginning of mutant.caughtBy) {
        const cases = casesThatBegin(beginning);
        expect(cases, `no case begins with '${beginning}'`).not.toHaveLength(0);
        for (const { name, run } of cases) {
          const outcome = await run(harnessOf(mutant)).catch((error: unknown) => error);
          expect(outcome, name).toBeInstanceOf(AssertionError);
        }
      }
    });
  }
});
