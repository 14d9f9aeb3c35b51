import type { ProviderEnvironment } from '../../../src/core/environment.ts';
import type { OAuthProviderOptions } from '../../../src/core/settings.ts';
import type { InMemoryProvider } from '../../../src/in-memory/index.ts';

/** A deliberately wrong subclass, with one mistake that real ones have made. */
export interface Mutant {
  /** What its author got wrong. */
  readonly mistake: string;
  readonly provider: new (options: OAuthProviderOptions, environment: ProviderEnvironment) => InMemoryProvider;
  /** How the names of the cases begin that must fail. */
  readonly caughtBy: readonly string[];
  /** What it stores besides, for the search for secrets. */
  readonly dumpStorage?: (provider: InMemoryProvider) => string;
}
