import { inspect } from 'node:util';
import { describe, it } from 'vitest';
import { OAuthError } from '../../src/core/errors.ts';
import { type AutomaticApproval, InMemoryProvider } from '../../src/in-memory/index.ts';
import { shownUserCode } from '../../src/oauth/device/user-code.ts';
import { runAcceptanceSuite } from '../../src/testing/index.ts';

class InspectableProvider extends InMemoryProvider {
  dump(): string {
    return inspect(this.store, { depth: 10, maxArrayLength: null });
  }
}

describe('InMemoryProvider', () => {
  runAcceptanceSuite({ describe, it }, ({ options, environment }) => {
    const waiting = new Map<string, PromiseWithResolvers<AutomaticApproval>>();
    const approveDevice = (_: unknown, { userCode }: { readonly userCode: string }) => {
      const decision = Promise.withResolvers<AutomaticApproval>();
      waiting.set(shownUserCode(userCode), decision);
      return decision.promise;
    };
    const provider = new InspectableProvider({ ...options, approveDevice }, environment);
    return {
      provider,
      dumpStorage: async () => provider.dump(),
      invite: async (uses) => provider.addRegistrationToken(uses),
      approveClient: async (clientId) => void (await provider.approveClient(clientId)),
      async decideOnDevice(url, decision) {
        const user = waiting.get(url.searchParams.get('user_code') ?? '');
        if (decision === 'allow') user?.resolve({ subject: 'demo-user' });
        else user?.reject(new OAuthError('access_denied', 'the user said no'));
        await new Promise(setImmediate);
      },
    };
  });
});
