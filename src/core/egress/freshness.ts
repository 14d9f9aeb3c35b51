import type { IncomingHttpHeaders } from 'node:http';

/** What the headers of an answer say about keeping it. */
export interface CachingHeaders {
  /** How long the answer says that it is good for, in milliseconds from its arrival; `undefined` where it does not say. */
  readonly lifetime: number | undefined;
  /** `no-store`: not to be kept beyond what keeping away floods needs. */
  readonly isStorable: boolean;
  /** Whether it may be used past its lifetime where it cannot be fetched again. */
  readonly mayBeStale: boolean;
  readonly etag: string | undefined;
}

/** An answer as a cache sees it. */
export interface HttpAnswer {
  /** `undefined` where the document that is there already still holds. */
  readonly text: string | undefined;
  readonly caching: CachingHeaders;
}

/**
 * Reads the caching headers of an answer. What cannot be read counts as stale at once.
 * @see RFC 9111 §4.2, §5.2.2, §5.3
 */
export function cachingHeaders(headers: IncomingHttpHeaders): CachingHeaders {
  const directives = cacheDirectives(headers['cache-control'] ?? '');
  const isStorable = !directives.has('no-store');
  return {
    lifetime: lifetimeOf(headers, directives),
    isStorable,
    mayBeStale: isStorable && !['must-revalidate', 'no-cache'].some((name) => directives.has(name)),
    etag: entityTag(headers.etag),
  };
}

function lifetimeOf(headers: IncomingHttpHeaders, directives: ReadonlyMap<string, string>): number | undefined {
  if (directives.has('no-store') || directives.has('no-cache')) return 0;
  const maximumAge = directives.get('max-age');
  const seconds = maximumAge === undefined ? expiresAfter(headers) : (wholeSeconds(maximumAge) ?? 0);
  if (seconds === undefined) return undefined;
  const age = headers.age === undefined ? 0 : (wholeSeconds(headers.age) ?? Number.POSITIVE_INFINITY);
  return Math.max(0, seconds - age) * 1000;
}

function expiresAfter({ expires, date }: IncomingHttpHeaders): number | undefined {
  if (expires === undefined) return undefined;
  // RFC 9111 §5.3: an invalid date, "0" in particular, means that it has expired. Both dates are by the clock of the sender.
  const from = Date.parse(date ?? '');
  const until = /GMT$/.test(expires) ? Date.parse(expires) : Number.NaN;
  return Number.isNaN(from) || Number.isNaN(until) ? 0 : (until - from) / 1000;
}

function cacheDirectives(header: string): Map<string, string> {
  const directives = new Map<string, string>();
  for (const [, name = '', quoted, plain] of header.matchAll(/([\w-]+)(?:=(?:"([^"]*)"|([^\s,"]*)))?/g)) {
    // RFC 9111 §4.2.1: of two that disagree, the first is as good as the other.
    const known = name.toLowerCase();
    if (!directives.has(known)) directives.set(known, quoted ?? plain ?? '');
  }
  return directives;
}

function wholeSeconds(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

// RFC 9110 §8.8.3. It is sent back in a header, so it is taken only if it looks like one.
function entityTag(etag: string | undefined): string | undefined {
  return etag !== undefined && /^(W\/)?"[\x21\x23-\x7e]{0,200}"$/.test(etag) ? etag : undefined;
}
