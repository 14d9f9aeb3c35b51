/** A way of signing in: what tokens call it, and the means that it takes (RFC 8176). */
export interface SignInLevel {
  readonly acr: string;
  readonly amr: readonly string[];
}

/** The means of a sign-in with a password. */
export const passwordOnly: readonly string[] = ['pwd'];

/** Translates the means by which somebody signed in to what tokens call the strongest way that they amount to. */
export class SignInLevels {
  readonly #levels: readonly SignInLevel[];

  /** @param levels the weakest first */
  constructor(levels: readonly SignInLevel[]) {
    this.#levels = levels;
  }

  /** `undefined` where the means are not enough for any. */
  acrOf(amr: readonly string[]): string | undefined {
    return this.#levels.findLast((level) => level.amr.every((means) => amr.includes(means)))?.acr;
  }
}
