import { describe, expect, it } from 'vitest';
import { ScopeCatalogue } from '../../core/scopes.ts';
import { AcrValues, type SignIn } from '../../core/sign-in-demand.ts';
import { describeSignInDemand, unmetSignInDemand } from './demanded-sign-in.ts';

const now = 1_800_000_000_000;
const catalogue = new ScopeCatalogue(
  {
    read: { tools: ['list'] },
    write: { tools: ['add', 'wipe'], signIn: { maxAgeSeconds: 3600 }, toolSignIn: { wipe: { maxAgeSeconds: 60 } } },
    admin: { implies: ['write'], tools: ['add', 'grant'], toolSignIn: { grant: { acr: 'strong' } } },
    audit: { tools: ['wipe'], toolSignIn: { wipe: { maxAgeSeconds: 600, acr: 'strong' } } },
  },
  new AcrValues(['weak', 'strong']),
);

function unmet(tools: readonly string[], held: readonly string[], signIn: SignIn, required: readonly string[] = []) {
  const operations = tools.map((name) => ({ method: 'tools/call', name }));
  return unmetSignInDemand(operations, held, required, catalogue, signIn, now);
}

const ago = (seconds: number, acr = 'weak'): SignIn => ({ authenticatedAt: now - seconds * 1000, acr });

describe('what a call demands of the sign-in behind its token', () => {
  it('is what the scope demands that unlocks the tool [RFC9470-01]', () => {
    expect(unmet(['add'], ['write'], ago(3600))).toBeUndefined();
    expect(unmet(['add'], ['write'], ago(3601))).toEqual({ maxAgeSeconds: 3600 });
    expect(unmet(['list'], ['read', 'write'], ago(9999))).toBeUndefined();
  });

  it('is nothing where another held scope unlocks the tool and demands nothing', () => {
    expect(unmet(['add'], ['admin'], ago(9999))).toBeUndefined();
  });

  it('is what the tool demands, by whatever scope it is called, and the strictest of several', () => {
    const strictest = { maxAgeSeconds: 60, acr: 'strong' };
    expect(unmet(['wipe'], ['audit'], ago(61, 'strong'))).toEqual(strictest);
    expect(unmet(['wipe'], ['audit'], ago(59))).toEqual(strictest);
    expect(unmet(['wipe'], ['audit'], ago(59, 'strong'))).toBeUndefined();
  });

  it('holds for a scope that another one implies', () => {
    expect(unmet(['wipe'], ['admin'], ago(3601, 'strong'))).toEqual({ maxAgeSeconds: 60, acr: 'strong' });
    expect(unmet(['grant'], ['admin'], ago(1))).toEqual({ acr: 'strong' });
  });

  it('holds for required scopes whatever is called', () => {
    expect(unmet([], ['write'], ago(3601), ['write'])).toEqual({ maxAgeSeconds: 3600 });
    expect(unmet([], ['admin'], ago(3601), ['write'])).toEqual({ maxAgeSeconds: 3600 });
    expect(unmet([], ['write'], ago(1), ['write'])).toBeUndefined();
  });

  it('is that of all calls of a batch together', () => {
    expect(unmet(['list', 'add', 'grant'], ['read', 'write', 'admin'], ago(9999))).toEqual({ acr: 'strong' });
    expect(unmet(['list', 'wipe'], ['read', 'write'], ago(100, 'strong'))).toMatchObject({ maxAgeSeconds: 60 });
  });

  it('is not met by a token of which no sign-in is known', () => {
    expect(unmet(['add'], ['write'], {})).toEqual({ maxAgeSeconds: 3600 });
  });

  it('is said in words', () => {
    expect(describeSignInDemand({ maxAgeSeconds: 60, acr: 'strong' })).toBe(
      'the user has to have signed in within the last 60 seconds, at least as strongly as strong: start a new authorization request with these values',
    );
  });
});
