import { ConfigurationError } from '../urls.ts';

/** How failures to authenticate slow further attempts down; an account is a user's, or a client. Times are milliseconds. */
export interface ThrottleLimits {
  /** Failures of one address at one account that cost nothing. Default: 3. */
  readonly freeFailures: number;
  /** The first delay; each further failure doubles it. Default: 1 second. */
  readonly firstDelay: number;
  /** Default: 15 minutes. */
  readonly longestDelay: number;
  /** How long without an attempt until the failures of an address at an account are forgotten. Default: 24 hours. */
  readonly forgetAfter: number;
  /** The time over which failures are counted by account and by address. Default: 15 minutes. */
  readonly window: number;
  /** Failures at one account, from wherever, above which every address waits between its attempts there. Default: 20. */
  readonly accountFailures: number;
  /** Failures of one address, at whatever accounts, above which it waits between all its attempts. Default: 20. */
  readonly addressFailures: number;
  /** Default: 1 minute. */
  readonly longestAddressDelay: number;
}

export const defaultThrottleLimits: ThrottleLimits = {
  freeFailures: 3,
  firstDelay: 1_000,
  longestDelay: 900_000,
  forgetAfter: 86_400_000,
  window: 900_000,
  accountFailures: 20,
  addressFailures: 20,
  longestAddressDelay: 60_000,
};

/**
 * @param what the limits are of, for the message
 * @throws ConfigurationError where a limit is not a whole number above 0
 */
export function resolveThrottleLimits(what: string, limits: Partial<ThrottleLimits> = {}): ThrottleLimits {
  const resolved = { ...defaultThrottleLimits, ...limits };
  for (const [name, value] of Object.entries(resolved)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new ConfigurationError(`the ${what} limit '${name}' must be a whole number of at least 1`);
    }
  }
  return resolved;
}

/**
 * The pause that every address keeps between its attempts at an account under attack, in milliseconds: it doubles with
 * every further `accountFailures` failures. The first attempt of an address is never delayed by it.
 * @param failures at the account within the window
 */
export function pauseUnderAttack(failures: number, limits: ThrottleLimits): number {
  const excess = failures - limits.accountFailures;
  if (excess <= 0) return 0;
  return Math.min(limits.longestDelay, limits.firstDelay * 2 ** Math.ceil(excess / limits.accountFailures));
}
