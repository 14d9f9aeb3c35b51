import type { Clock } from '../../core/clock.ts';
import { OAuthError } from '../../core/errors.ts';
import { RateLimit, type RateLimitOptions } from '../../core/rate-limit.ts';
import type { Client } from '../../core/records.ts';
import { ConfigurationError } from '../../core/urls.ts';

/** Two each second, on average: a thousand copies of a service that keep their tokens do not meet it. */
const usualLimit: RateLimitOptions = { limit: 1200, window: 600_000 };

/**
 * How many tokens one machine client may be given: each is a row until a day after it has expired, and nobody else slows a
 * machine down. Counted in memory, by this process alone.
 */
export class MachineTokenLimit {
  readonly #limit: RateLimit;

  /** @throws ConfigurationError */
  constructor(options: Partial<RateLimitOptions> = {}, clock: Clock) {
    const { limit, window } = { ...usualLimit, ...options };
    if (!(Number.isSafeInteger(limit) && limit > 0 && window > 0))
      throw new ConfigurationError('machineTokens: limit must be a whole number above 0, and window above 0');
    this.#limit = new RateLimit({ limit, window }, clock);
  }

  /**
   * Counts one token of a client.
   * @throws OAuthError `temporarily_unavailable` (429) with `Retry-After`
   */
  take({ clientId }: Client): void {
    const seconds = this.#limit.take(clientId);
    if (seconds === 0) return;
    throw new OAuthError(
      'temporarily_unavailable',
      `the client has been given too many tokens; use one until it expires, and try again in ${seconds} seconds`,
      {
        status: 429,
        hint: 'raise clientCredentials.tokenLimit, if the client keeps its tokens and is one of many copies',
        headers: { 'retry-after': String(seconds) },
      },
    );
  }
}
