import type { Attempt, Buckets, Company, Throttle } from './throttle.ts';

type Allowed = Extract<Attempt, { readonly allowed: true }>;

/** Whether something may be tried now. Whoever is told so says how it went, whatever happens: others wait for that. */
export type PatientAttempt =
  | (Allowed & {
      /** It was tried, and was wrong. */
      failed(): void;
    })
  | Extract<Attempt, { readonly allowed: false }>;

/** The attempts of one place that are under way or being asked for, and those that wait for one of them to end. */
interface UnderWay {
  attempts: number;
  readonly waiting: (() => void)[];
}

/**
 * A throttle that takes no attempt under way for a failure: one that would have to wait only because others of its place
 * have not ended yet waits for these, so that any number of people at one address may come at once. Guesses gain nothing by
 * that: made at once, as many are looked at as one after the other. Attempts in other processes count as failures until
 * they end.
 */
export class PatientThrottle {
  readonly #throttle: Throttle;
  readonly #underWay = new Map<string, UnderWay>();

  constructor(throttle: Throttle) {
    this.#throttle = throttle;
  }

  /**
   * Asks whether an attempt may be made, before anything is spent on it.
   * @param place such as an address: its attempts wait for each other
   * @param buckets asked for anew each time, because an attempt that ended may have changed them
   */
  async begin(place: string, buckets: () => Buckets): Promise<PatientAttempt> {
    for (;;) {
      const underWay = this.#join(place);
      const company = underWay.attempts === 1 ? 'alone' : 'beside others';
      const attempt = await this.#ask(place, underWay, buckets(), company);
      if (attempt.allowed) return this.#ending(attempt, place, underWay);
      underWay.attempts -= 1;
      if (company === 'alone') {
        // Those behind it learn the same.
        this.#wakeNext(place, underWay);
        return attempt;
      }
      // Where all the others have ended meanwhile, it asks again, alone.
      if (underWay.attempts > 0) await new Promise<void>((resolve) => underWay.waiting.push(resolve));
    }
  }

  #join(place: string): UnderWay {
    const underWay = this.#underWay.get(place) ?? { attempts: 0, waiting: [] };
    underWay.attempts += 1;
    this.#underWay.set(place, underWay);
    return underWay;
  }

  async #ask(place: string, underWay: UnderWay, buckets: Buckets, company: Company): Promise<Attempt> {
    try {
      return await this.#throttle.begin(buckets, company);
    } catch (error) {
      this.#end(place, underWay);
      throw error;
    }
  }

  #ending(attempt: Allowed, place: string, underWay: UnderWay): Extract<PatientAttempt, { readonly allowed: true }> {
    let hasEnded = false;
    const ended = () => {
      if (!hasEnded) this.#end(place, underWay);
      hasEnded = true;
    };
    return {
      allowed: true,
      succeeded: () => attempt.succeeded().finally(ended),
      cancelled: () => attempt.cancelled().finally(ended),
      failed: ended,
    };
  }

  // One that ends lets one other try, which lets the next one try when it ends.
  #end(place: string, underWay: UnderWay): void {
    underWay.attempts -= 1;
    this.#wakeNext(place, underWay);
  }

  #wakeNext(place: string, underWay: UnderWay): void {
    underWay.waiting.shift()?.();
    if (underWay.attempts === 0 && underWay.waiting.length === 0) this.#underWay.delete(place);
  }
}
