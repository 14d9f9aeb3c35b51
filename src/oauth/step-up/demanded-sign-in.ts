import type { ScopeCatalogue } from '../../core/scopes.ts';
import type { AcrValues, SignIn, SignInDemand } from '../../core/sign-in-demand.ts';

/** An operation, as far as it can demand anything: see `McpOperation`. */
interface Operation {
  readonly method: string;
  readonly name?: string;
}

/**
 * What the operations demand of the sign-in behind a token whose scopes suffice for them, where it is not met: by the
 * required scopes, by each tool, and by the scope that unlocks the tool. Of several held scopes that unlock it, one whose
 * demand is met will do.
 * @param now milliseconds since the epoch
 * @see RFC 9470 §3
 */
export function unmetSignInDemand(
  operations: readonly Operation[],
  held: readonly string[],
  requiredScopes: readonly string[],
  catalogue: ScopeCatalogue,
  signIn: SignIn,
  now: number,
): SignInDemand | undefined {
  if (!catalogue.demandsSignIn) return undefined;
  const { acrValues } = catalogue;
  const isMet = (demand: SignInDemand | undefined) => demand === undefined || acrValues.isMet(demand, signIn, now);
  const effective = catalogue.expand(held);
  const demands = requiredScopes.map((scope) => catalogue.demandOfScope(scope));
  for (const { method, name } of operations) {
    if (method !== 'tools/call' || name === undefined) continue;
    demands.push(catalogue.demandOfTool(name));
    const unlocking = (catalogue.scopesOfTool(name) ?? []).filter((scope) => effective.has(scope));
    const ofScopes = unlocking.map((scope) => catalogue.demandOfScope(scope));
    if (!ofScopes.some(isMet)) demands.push(ofScopes[0]);
  }
  const strictest = acrValues.strictest(demands);
  return isMet(strictest) ? undefined : strictest;
}

/** What the client is told of an unmet demand. */
export function signInChallenge(unmet: SignInDemand, acrValues: AcrValues) {
  const { acr, maxAgeSeconds } = unmet;
  return {
    error: 'insufficient_user_authentication',
    description: describeSignInDemand(unmet),
    ...(acr === undefined ? {} : { acrValues: acrValues.atLeast(acr) }),
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
  } as const;
}

/** For the client's developer. */
export function describeSignInDemand({ acr, maxAgeSeconds }: SignInDemand): string {
  const age = maxAgeSeconds === undefined ? '' : ` within the last ${maxAgeSeconds} seconds`;
  const strength = acr === undefined ? '' : `, at least as strongly as ${acr}`;
  return `the user has to have signed in${age}${strength}: start a new authorization request with these values`;
}
