import { describe, expect, it } from 'vitest';
import { Params } from '../../core/params.ts';
import { AcrValues } from '../../core/sign-in-demand.ts';
import { requestedSignIn } from './sign-in.ts';

const known = new AcrValues(['password', 'otp', 'passkey']);

function maxAge(query: string, demanded?: number, prompts: readonly string[] = []): number | undefined {
  const demand = demanded === undefined ? undefined : { maxAgeSeconds: demanded };
  return requestedSignIn(Params.parse(query), demand, prompts, known, 0).maxAge;
}

describe('how recent a sign-in has to be', () => {
  it('is the shortest of what the client asks for and what its scopes demand [RFC9470-04, RFC9470-11]', () => {
    expect(maxAge('max_age=600', 300)).toBe(300_000);
    expect(maxAge('max_age=300', 600)).toBe(300_000);
    expect(maxAge('', 600)).toBe(600_000);
    expect(maxAge('max_age=0', 600)).toBe(0);
    expect(maxAge('')).toBeUndefined();
  });

  it('is now, where the client wants the user to sign in or to choose, whatever else it says', () => {
    for (const prompt of ['login', 'select_account']) expect(maxAge('max_age=600', 300, ['consent', prompt])).toBe(0);
  });
});

describe('how strong a sign-in has to be', () => {
  it('is the stronger of what the client would take and what its scopes demand [RFC9470-05]', () => {
    const strong = (query: string, acr?: string) =>
      requestedSignIn(Params.parse(query), acr === undefined ? undefined : { acr }, [], known, 0).acrValues;
    expect(strong('acr_values=password passkey', 'otp')).toEqual(['otp', 'passkey']);
    expect(strong('acr_values=passkey', 'otp')).toEqual(['passkey']);
    expect(strong('', 'otp')).toEqual(['otp', 'passkey']);
    expect(strong('')).toBeUndefined();
  });
});
