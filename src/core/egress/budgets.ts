import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { EgressError } from './errors.ts';
import type { FetchPurpose } from './fetcher.ts';
import type { EgressPolicy, FetchBudget } from './policy.ts';

/** What one origin, or one purpose in total, uses of its budget. */
interface Use {
  running: number;
  /** When fetches began, the oldest first. */
  begun: number[];
}

/**
 * Counts fetches, running ones and those begun within the window, by origin and in total. Nothing waits: what is beyond a
 * budget is refused at once.
 */
export class FetchBudgets {
  readonly #policy: Pick<EgressPolicy, 'budgetWindow' | 'originBudget' | 'totalBudget'>;
  readonly #clock: Clock;
  readonly #totals = new Map<FetchPurpose, { readonly use: Use; readonly origins: LRUCache<string, Use> }>();

  constructor(policy: Pick<EgressPolicy, 'budgetWindow' | 'originBudget' | 'totalBudget'>, clock: Clock) {
    this.#policy = policy;
    this.#clock = clock;
  }

  /**
   * Takes from the budgets for one fetch.
   * @returns to be called when it has ended
   * @throws EgressError `busy`
   */
  take(purpose: FetchPurpose, origin: string): () => void {
    const { originBudget, totalBudget } = this.#policy;
    const { use: total, origins } = this.#of(purpose);
    const own = origins.get(origin) ?? { running: 0, begun: [] };
    this.#check(total, totalBudget, 'this server');
    this.#check(own, originBudget, origin);
    origins.set(origin, own);
    for (const use of [total, own]) {
      use.running += 1;
      use.begun.push(this.#clock.now());
    }
    return () => {
      for (const use of [total, own]) use.running -= 1;
    };
  }

  #of(purpose: FetchPurpose) {
    const { totalBudget } = this.#policy;
    const known = this.#totals.get(purpose);
    if (known !== undefined) return known;
    // As many as can have anything within the window: forgetting one gives nobody a second budget.
    const max = totalBudget.requests + totalBudget.concurrent;
    const made = { use: { running: 0, begun: [] }, origins: new LRUCache<string, Use>({ max }) };
    this.#totals.set(purpose, made);
    return made;
  }

  #check(use: Use, budget: FetchBudget, whose: string): void {
    const since = this.#clock.now() - this.#policy.budgetWindow;
    const firstWithin = use.begun.findIndex((time) => time > since);
    use.begun = firstWithin === -1 ? [] : use.begun.slice(firstWithin);
    const excess =
      use.running >= budget.concurrent
        ? `${use.running} at once`
        : use.begun.length >= budget.requests
          ? `${use.begun.length} within ${this.#policy.budgetWindow / 1000} seconds`
          : undefined;
    if (excess === undefined) return;
    throw new EgressError('busy', 'this server is fetching too much at the moment; try again later', {
      detail: `the budget of ${whose} is used up: ${excess}`,
    });
  }
}
