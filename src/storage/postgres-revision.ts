const pollInterval = 250;

/** How old the last look may be for what was seen to be relied on: with it, every change is seen within a second. */
const longestReliance = 900;

/**
 * Knows, without asking the database on every request, whether somebody may have written: while anybody wants to know, it
 * looks every 250 ms at what transactions there have been. When no look succeeded lately, every answer is a new one, so that
 * nothing is relied on.
 */
export class RevisionPoll {
  readonly #look: () => Promise<string>;
  #revision = 0;
  #seen: string | undefined;
  #seenAt = Number.NEGATIVE_INFINITY;
  #isWanted = false;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #ended = false;

  /** @param look resolves to a text that differs whenever a transaction was committed in between */
  constructor(look: () => Promise<string>) {
    this.#look = look;
  }

  /** Differs from an earlier answer where somebody may have written in between. */
  current(): number {
    this.#isWanted = true;
    if (this.#timer === undefined && !this.#looking && !this.#ended) void this.#poll();
    if (performance.now() - this.#seenAt > longestReliance) this.#revision += 1;
    return this.#revision;
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  async #poll(): Promise<void> {
    this.#timer = undefined;
    this.#isWanted = false;
    this.#looking = true;
    const startedAt = performance.now();
    try {
      const seen = await this.#look();
      if (seen !== this.#seen) this.#revision += 1;
      this.#seen = seen;
      this.#seenAt = startedAt;
    } catch {
      this.#revision += 1;
    }
    this.#looking = false;
    if (!this.#ended) this.#timer = setTimeout(() => this.#again(), pollInterval).unref();
  }

  #again(): void {
    this.#timer = undefined;
    if (this.#isWanted) void this.#poll();
  }
}
