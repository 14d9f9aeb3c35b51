import type { Clock } from '../clock.ts';
import type { SecurityEvent } from '../events.ts';
import { FetchBudgets } from './budgets.ts';
import { connect } from './connect.ts';
import { EgressError, unreachable } from './errors.ts';
import { exchange } from './exchange.ts';
import { type FetchedDocument, type Fetcher, type FetchRequest, fetchPurposes } from './fetcher.ts';
import { cachingHeaders, type HttpAnswer } from './freshness.ts';
import type { EgressPolicy } from './policy.ts';
import { type Resolver, resolveTarget } from './resolve.ts';
import { parseTarget, type Target } from './target.ts';

export interface GuardedFetcherDependencies {
  readonly clock: Clock;
  readonly report: (event: SecurityEvent) => void;
  /** Default: DNS; the system's resolver for private hosts. */
  readonly resolver?: Resolver | undefined;
}

/** The only code that connects to anywhere but the database. It caches nothing: `CachedFetcher` does. */
export class GuardedFetcher implements Fetcher {
  readonly #policy: EgressPolicy;
  readonly #dependencies: GuardedFetcherDependencies;
  readonly #budgets: FetchBudgets;

  constructor(policy: EgressPolicy, dependencies: GuardedFetcherDependencies) {
    this.#policy = policy;
    this.#dependencies = dependencies;
    this.#budgets = new FetchBudgets(policy, dependencies.clock);
  }

  check(url: string): void {
    parseTarget(url, this.#policy);
  }

  async fetch(request: FetchRequest): Promise<FetchedDocument> {
    const { text = '' } = await this.ask(request);
    return { url: request.url, text, obtainedAt: this.#dependencies.clock.now() };
  }

  /**
   * Fetches with everything that a cache needs to know: check the URL, take from the budgets, resolve and check every
   * address, connect to one of these, ask, read. One deadline is over all of it, and each attempt is reported.
   * @param etag of the document that is there already
   * @throws EgressError
   */
  async ask(request: FetchRequest, etag?: string): Promise<HttpAnswer> {
    const { clock } = this.#dependencies;
    const startedAt = clock.now();
    let target: Target | undefined;
    try {
      target = parseTarget(request.url, this.#policy);
      const release = this.#budgets.take(request.purpose, target.url.origin);
      try {
        const answer = await this.#askTarget(target, request, etag);
        this.#report(request, target, clock.now() - startedAt);
        return answer;
      } finally {
        release();
      }
    } catch (error) {
      const failure = error instanceof EgressError ? error : unreachable(`failed: ${String(error)}`, error);
      this.#report(request, target, clock.now() - startedAt, failure);
      throw failure;
    }
  }

  async #askTarget(target: Target, request: FetchRequest, etag: string | undefined): Promise<HttpAnswer> {
    const deadline = AbortSignal.timeout(this.#policy.timeout);
    const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
    const expected = {
      contentTypes: fetchPurposes[request.purpose].contentTypes,
      maximumBytes: this.#policy.maximumBytes[request.purpose],
      etag,
    };
    try {
      const resolved = resolveTarget(target, this.#policy, this.#dependencies.resolver, signal);
      const addresses = await unlessAborted(resolved, signal);
      const socket = await connect(target, addresses, signal);
      try {
        const { text, headers } = await exchange(socket, target, expected, signal);
        return { text, caching: cachingHeaders(headers) };
      } finally {
        socket.destroy();
      }
    } catch (error) {
      if (request.signal?.aborted === true)
        throw new EgressError('aborted', 'the request was given up', { cause: error });
      if (deadline.aborted) throw tooSlow(error, this.#policy.timeout);
      throw error;
    }
  }

  #report({ purpose }: FetchRequest, target: Target | undefined, duration: number, failure?: EgressError): void {
    const about = { purpose, duration, ...(target === undefined ? {} : { host: target.url.host }) };
    if (failure === undefined) {
      this.#dependencies.report({ name: 'egress.fetched', ...about, outcome: 'fetched' });
      return;
    }
    const name = failure.wasRefused ? 'egress.refused' : 'egress.failed';
    this.#dependencies.report({ name, ...about, outcome: failure.code, reason: failure.detail });
  }
}

function tooSlow(error: unknown, timeout: number): unknown {
  if (error instanceof EgressError && error.code === 'unreachable') {
    return unreachable(`nothing within ${timeout} ms: ${error.detail}`, error);
  }
  return new EgressError('too_slow', 'the answer did not arrive in time', { cause: error });
}

/** What a promise resolves to, unless the signal comes first. */
async function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(unreachable('the name was not resolved in time'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    if (signal.aborted) abort();
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
