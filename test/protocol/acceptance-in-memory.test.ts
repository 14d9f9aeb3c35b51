import { inspect } from 'node:util';
import { describe, it } from 'vitest';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { runAcceptanceSuite } from '../../src/testing/index.ts';

class InspectableProvider extends InMemoryProvider {
  dump(): string {
    return inspect(this.store, { depth: 10, maxArrayLength: null });
  }
}

describe('InMemoryProvider', () => {
  runAcceptanceSuite({ describe, it }, ({ options, environment }) => {
    const provider = new InspectableProvider(options, environment);
    return { provider, dumpStorage: async () => provider.dump() };
  });
});
