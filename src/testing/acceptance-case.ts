import { AcceptanceRun } from './acceptance-run.ts';
import type { CreateHarness, Fixture } from './harness.ts';

/** One thing that every provider must do, and how to see whether this one does. */
export interface AcceptanceCase {
  /** A sentence of behaviour, with the ids of the requirements that it proves in brackets at its end. */
  readonly name: string;
  readonly requirements: readonly string[];
  /** Only for providers that allow retries of the previous refresh token (`lifetimes.refreshTokenGrace`). */
  readonly about?: 'refresh-grace';
  /** Builds a provider and tries it. Rejects with an `AssertionError` where it fails. */
  readonly run: (createHarness: CreateHarness) => Promise<void>;
}

/** Makes a case on the usual fixture, or with parts of it replaced. */
export function acceptanceCase(
  name: string,
  act: (run: AcceptanceRun) => Promise<void>,
  fixture: Fixture & Pick<AcceptanceCase, 'about'> = {},
): AcceptanceCase {
  const cited = /\[([^\]]+)\]$/.exec(name)?.[1] ?? '';
  return {
    name,
    requirements: cited.split(', ').filter((id) => id !== ''),
    ...(fixture.about === undefined ? {} : { about: fixture.about }),
    run: async (createHarness) => {
      const run = await AcceptanceRun.open(createHarness, fixture);
      try {
        await act(run);
      } finally {
        await run.close();
      }
    },
  };
}
