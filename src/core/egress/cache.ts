import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { EgressError } from './errors.ts';
import type { FetchedDocument, Fetcher, FetchPurpose, FetchRequest } from './fetcher.ts';
import type { CachingHeaders, HttpAnswer } from './freshness.ts';

/** How long documents are kept; times in milliseconds. */
export interface FetchCacheOptions {
  /** Floor: a document is not fetched again sooner, whatever it says, unless a caller asks for a fresher one. Default: 10 s. */
  readonly minimumLifetime: number;
  /** For one that does not say. Default: 5 min. */
  readonly defaultLifetime: number;
  /** Ceiling. Default: 24 h. */
  readonly maximumLifetime: number;
  /** How much longer one is used while it cannot be fetched again. Default: 1 h. */
  readonly staleLifetime: number;
  /** How long a failure is remembered before it is tried again. Default: 30 s. */
  readonly failureLifetime: number;
  /** Documents of each purpose that are kept. Default: 1000. */
  readonly maximumEntries: number;
}

export const defaultFetchCache: FetchCacheOptions = {
  minimumLifetime: 10_000,
  defaultLifetime: 300_000,
  maximumLifetime: 86_400_000,
  staleLifetime: 3_600_000,
  failureLifetime: 30_000,
  maximumEntries: 1000,
};

/** What a cache fetches through: `GuardedFetcher` is one. */
export interface Origin {
  check(url: string): void;
  ask(request: FetchRequest, etag?: string): Promise<HttpAnswer>;
}

interface Entry {
  readonly document: FetchedDocument;
  readonly etag: string | undefined;
  readonly freshUntil: number;
  /** Past this it is not used, whatever fails. */
  readonly usableUntil: number;
}

interface Failure {
  readonly error: EgressError;
  readonly until: number;
}

/** What is kept of one purpose: strangers' documents push nobody else's out. */
interface Shelf {
  readonly entries: LRUCache<string, Entry>;
  readonly failures: LRUCache<string, Failure>;
  readonly flights: Map<string, Promise<FetchedDocument>>;
}

// In the characters of all documents of one purpose.
const maximumSize = 16 * 1024 * 1024;

/**
 * Keeps documents as their servers say, within a floor and a ceiling; fetches each once for all who wait for it; uses an
 * old one for a while where it cannot be fetched again, and remembers failures.
 * @see RFC 9111
 */
export class CachedFetcher implements Fetcher {
  readonly #origin: Origin;
  readonly #clock: Clock;
  readonly #options: FetchCacheOptions;
  readonly #shelves = new Map<FetchPurpose, Shelf>();

  constructor(origin: Origin, clock: Clock, options: Partial<FetchCacheOptions> = {}) {
    this.#origin = origin;
    this.#clock = clock;
    this.#options = { ...defaultFetchCache, ...options };
  }

  check(url: string): void {
    this.#origin.check(url);
  }

  async fetch(request: FetchRequest): Promise<FetchedDocument> {
    const shelf = this.#shelf(request.purpose);
    const now = this.#clock.now();
    const entry = shelf.entries.get(request.url);
    if (entry !== undefined && this.#isFresh(entry, request, now)) return entry.document;
    const failure = shelf.failures.get(request.url);
    if (failure !== undefined && now < failure.until) return insteadOf(failure.error, entry, now);
    return givenUpBy(request.signal, this.#flight(shelf, request, entry));
  }

  #isFresh(entry: Entry, { maximumAge }: FetchRequest, now: number): boolean {
    if (now >= entry.freshUntil) return false;
    return maximumAge === undefined || now - entry.document.obtainedAt <= maximumAge;
  }

  // The flight is everybody's who wants this document: none of their signals may end it. It has a deadline of its own.
  #flight(shelf: Shelf, { url, purpose }: FetchRequest, entry: Entry | undefined): Promise<FetchedDocument> {
    const flying = shelf.flights.get(url);
    if (flying !== undefined) return flying;
    const flight = this.#refresh(shelf, { url, purpose }, entry).finally(() => shelf.flights.delete(url));
    shelf.flights.set(url, flight);
    return flight;
  }

  async #refresh(shelf: Shelf, request: FetchRequest, entry: Entry | undefined): Promise<FetchedDocument> {
    let answer: HttpAnswer;
    try {
      answer = await this.#origin.ask(request, entry?.etag);
    } catch (error) {
      if (!(error instanceof EgressError)) throw error;
      return this.#failed(shelf, request.url, error, entry);
    }
    const now = this.#clock.now();
    // RFC 9110 §15.4.5: 304 comes only where there is a document that was named.
    const text = answer.text ?? entry?.document.text ?? '';
    const kept: Entry = {
      document: { url: request.url, text, obtainedAt: now },
      etag: answer.caching.etag ?? (answer.text === undefined ? entry?.etag : undefined),
      ...this.#usableTimes(answer.caching, now),
    };
    if (answer.caching.isStorable || kept.freshUntil > now) shelf.entries.set(request.url, kept);
    else shelf.entries.delete(request.url);
    return kept.document;
  }

  #usableTimes({ lifetime, isStorable, mayBeStale }: CachingHeaders, now: number) {
    const { minimumLifetime, defaultLifetime, maximumLifetime, staleLifetime } = this.#options;
    const said = isStorable ? (lifetime ?? defaultLifetime) : 0;
    const freshUntil = now + Math.max(minimumLifetime, Math.min(said, maximumLifetime));
    return { freshUntil, usableUntil: mayBeStale ? freshUntil + staleLifetime : freshUntil };
  }

  #failed(shelf: Shelf, url: string, error: EgressError, entry: Entry | undefined): FetchedDocument {
    const now = this.#clock.now();
    // What was refused without asking anybody costs nothing to refuse again.
    if (!['busy', 'invalid_url', 'host_refused'].includes(error.code))
      shelf.failures.set(url, { error, until: now + this.#options.failureLifetime });
    // What does not pass by itself says that the document is gone.
    if (!error.mayPass) shelf.entries.delete(url);
    return insteadOf(error, entry, now);
  }

  #shelf(purpose: FetchPurpose): Shelf {
    const known = this.#shelves.get(purpose);
    if (known !== undefined) return known;
    const max = this.#options.maximumEntries;
    const made: Shelf = {
      entries: new LRUCache({ max, maxSize: maximumSize, sizeCalculation: sizeOf }),
      failures: new LRUCache({ max }),
      flights: new Map(),
    };
    this.#shelves.set(purpose, made);
    return made;
  }
}

function sizeOf({ document }: Entry): number {
  return document.text.length + document.url.length + 1;
}

/** The old document where it still may be used. @throws EgressError otherwise */
function insteadOf(error: EgressError, entry: Entry | undefined, now: number): FetchedDocument {
  if (entry !== undefined && error.mayPass && now < entry.usableUntil) return entry.document;
  throw error;
}

async function givenUpBy<Value>(signal: AbortSignal | undefined, flight: Promise<Value>): Promise<Value> {
  if (signal === undefined) return flight;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new EgressError('aborted', 'the request was given up'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    if (signal.aborted) abort();
    return await Promise.race([flight, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
