import { ConfigurationError } from './urls.ts';

/** How far the clocks of two servers may be apart, or one be set back, before a sign-in counts as none: milliseconds. */
const clockTolerance = 60_000;

/** What a scope or a tool demands of the sign-in behind a token. */
export interface SignInDemand {
  /** How long ago the user may have signed in at most, in seconds. */
  readonly maxAgeSeconds?: number;
  /** The weakest way of signing in that will do: one of the provider's `acrValues`. */
  readonly acr?: string;
}

/** When and how a user signed in; what is not known is absent. */
export interface SignIn {
  /** Milliseconds since the epoch. */
  readonly authenticatedAt?: number;
  readonly acr?: string;
}

/** The ways of signing in that a provider tells apart (`acr`), the weakest first. */
export class AcrValues {
  readonly all: readonly string[];

  /** @throws ConfigurationError for a value that cannot stand in a list, or stands there twice */
  constructor(values: readonly string[] = []) {
    for (const value of values) {
      // What fits unescaped into a quoted string, and between the spaces of `acr_values`.
      if (!/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/.test(value))
        throw new ConfigurationError(
          `acr '${value}' must be 1 to 200 visible ASCII characters without quotes and back-slashes`,
        );
    }
    if (new Set(values).size < values.length) throw new ConfigurationError(`acr values repeat: ${values.join(' ')}`);
    this.all = values;
  }

  has(value: string): boolean {
    return this.all.includes(value);
  }

  /** This one and all that are stronger; none where it is unknown. */
  atLeast(value: string): readonly string[] {
    const index = this.all.indexOf(value);
    return index === -1 ? [] : this.all.slice(index);
  }

  /** All demands in one; `undefined` where there is none. */
  strictest(demands: Iterable<SignInDemand | undefined>): SignInDemand | undefined {
    let maxAgeSeconds = Number.POSITIVE_INFINITY;
    let strength = -1;
    for (const demand of demands) {
      maxAgeSeconds = Math.min(maxAgeSeconds, demand?.maxAgeSeconds ?? Number.POSITIVE_INFINITY);
      if (demand?.acr !== undefined) strength = Math.max(strength, this.all.indexOf(demand.acr));
    }
    const acr = this.all[strength];
    if (acr === undefined && maxAgeSeconds === Number.POSITIVE_INFINITY) return undefined;
    return {
      ...(maxAgeSeconds === Number.POSITIVE_INFINITY ? {} : { maxAgeSeconds }),
      ...(acr === undefined ? {} : { acr }),
    };
  }

  /** Whether a sign-in is what is demanded, at a time in milliseconds since the epoch. */
  isMet(demand: SignInDemand, signIn: SignIn, now: number): boolean {
    const { maxAgeSeconds, acr } = demand;
    if (maxAgeSeconds !== undefined && !isRecent(signIn.authenticatedAt, now - maxAgeSeconds * 1000, now)) return false;
    return acr === undefined || (signIn.acr !== undefined && this.atLeast(acr).includes(signIn.acr));
  }
}

/**
 * Whether a sign-in happened since a time, all in milliseconds since the epoch. One that is said to lie in the future was
 * dated by a clock that has been set back since: how long ago it was, nobody knows.
 */
export function isRecent(authenticatedAt: number | undefined, since: number, now: number): boolean {
  return authenticatedAt !== undefined && authenticatedAt >= since && authenticatedAt <= now + clockTolerance;
}

/** @throws ConfigurationError naming the place, where nobody could ever meet it */
export function checkSignInDemand(place: string, { maxAgeSeconds, acr }: SignInDemand, acrValues: AcrValues): void {
  if (maxAgeSeconds !== undefined && !(Number.isInteger(maxAgeSeconds) && maxAgeSeconds > 0))
    throw new ConfigurationError(`${place}.maxAgeSeconds must be a whole number of seconds above 0`);
  if (acr === undefined || acrValues.has(acr)) return;
  const known = acrValues.all.length === 0 ? 'this server has none' : `known: ${acrValues.all.join(' ')}`;
  throw new ConfigurationError(`${place}.acr '${acr}' is no way of signing in here; ${known}`);
}
