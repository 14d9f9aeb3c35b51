import { networkShare } from '../../core/address.ts';
import { type Database, type Statement, sql } from '../../core/database.ts';
import type { ThrottleLimits } from '../../core/throttle/limits.ts';
import type { Buckets, Company, FailureCounts } from '../../core/throttle/throttle.ts';

/** A bucket that delays attempts at whatever account. */
interface Place {
  readonly bucket: string;
  /** Failures that cost nothing. */
  readonly free: number;
}

/** Failed sign-ins in the database; every bucket is a keyed hash. */
export class FailureStore implements FailureCounts {
  readonly #database: Database;
  readonly #limits: ThrottleLimits;

  constructor(database: Database, limits: ThrottleLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  async failuresAt(bucket: string, now: number): Promise<number> {
    const [row] = await this.#database.read(
      'SELECT failures FROM sign_in_failures WHERE bucket = ? AND expires_at > ?',
      bucket,
      now,
    );
    return Number(row?.failures ?? 0);
  }

  async reserve(attempt: string, buckets: Buckets, now: number, pause: number, company: Company): Promise<boolean> {
    const { account, own, shared } = buckets;
    const { firstDelay, longestDelay, longestAddressDelay, freeFailures, forgetAfter, window } = this.#limits;
    const places = this.#placesOf(buckets);
    const counted = sql('EXISTS (SELECT 1 FROM sign_in_failures WHERE bucket = ? AND attempt = ?)', own, attempt);
    const delaying: readonly Place[] = [{ bucket: own, free: freeFailures }, ...places];
    const costly = company === 'beside others' ? delaying : [];
    const mayTry = sql(
      `NOT EXISTS (SELECT 1 FROM sign_in_failures WHERE bucket IN ${listOf(places)} AND blocked_until > ?)
       ${costly.map(() => 'AND NOT EXISTS (SELECT 1 FROM sign_in_failures WHERE bucket = ? AND failures >= ?)').join(' ')}`,
      ...places.map(({ bucket }) => bucket),
      now,
      ...costly.flatMap(({ bucket, free }) => [bucket, free]),
    );
    const all = allOf(buckets);
    const [, tried, ...triedElsewhere] = await this.#database.write(
      sql(`DELETE FROM sign_in_failures WHERE bucket IN ${listOf(all)} AND expires_at <= ?`, ...all, now),
      count(
        {
          bucket: own,
          account,
          attempt,
          now,
          pause,
          free: freeFailures,
          firstDelay,
          longestDelay,
          keepFor: forgetAfter,
          from: 'last failure',
        },
        mayTry,
      ),
      ...places.map(({ bucket, free }) =>
        count(
          {
            bucket,
            account: '',
            attempt,
            now,
            pause: 0,
            free,
            firstDelay,
            longestDelay: longestAddressDelay,
            keepFor: window,
            from: 'first failure',
          },
          counted,
        ),
      ),
      ...(shared === undefined ? [] : [countOnly(shared.everywhere, account, attempt, now, window, counted)]),
    );
    return tried?.length === 1 && triedElsewhere.slice(0, places.length).every((rows) => rows.length === 1);
  }

  async nextAttemptAt(buckets: Buckets, pause: number): Promise<number> {
    const { own } = buckets;
    const delaying = [own, ...this.#placesOf(buckets).map(({ bucket }) => bucket)];
    const rows = await this.#database.read(
      `SELECT bucket, failed_at, blocked_until FROM sign_in_failures WHERE bucket IN ${listOf(delaying)}`,
      ...delaying,
    );
    return Math.max(
      0,
      ...rows.map((row) => Math.max(Number(row.blocked_until), row.bucket === own ? Number(row.failed_at) + pause : 0)),
    );
  }

  async clear(attempt: string, buckets: Buckets): Promise<void> {
    await this.#database.write(
      sql('DELETE FROM sign_in_failures WHERE bucket = ?', buckets.own),
      ...this.#undo(attempt, allOf(buckets)),
    );
  }

  async release(attempt: string, buckets: Buckets): Promise<void> {
    await this.#database.write(...this.#undo(attempt, allOf(buckets)));
  }

  async forgetAccount(account: string): Promise<void> {
    await this.#database.write(sql('DELETE FROM sign_in_failures WHERE account = ?', account));
  }

  // An address that fails, and the network that it is in.
  #placesOf({ shared }: Buckets): readonly Place[] {
    if (shared === undefined) return [];
    const { addressFailures } = this.#limits;
    const { address, network } = shared;
    const own = { bucket: address, free: addressFailures };
    return network === undefined ? [own] : [own, { bucket: network, free: addressFailures * networkShare }];
  }

  // Only the newest attempt may take its delay back: an earlier one's was replaced by the later ones'. Where no failure is
  // left, no row is: attempts that come to nothing must not fill the table.
  #undo(attempt: string, buckets: readonly string[]): Statement[] {
    const undone = buckets.map((bucket) =>
      sql(
        `UPDATE sign_in_failures SET failures = failures - 1,
           wait = CASE WHEN attempt <> ? THEN wait WHEN wait <= ? THEN 0 ELSE wait / 2 END,
           blocked_until = CASE WHEN attempt <> ? THEN blocked_until ELSE 0 END
         WHERE bucket = ? AND failures > 0`,
        attempt,
        this.#limits.firstDelay,
        attempt,
        bucket,
      ),
    );
    const emptied = sql(`DELETE FROM sign_in_failures WHERE bucket IN ${listOf(buckets)} AND failures = 0`, ...buckets);
    return [...undone, emptied];
  }
}

function allOf({ own, shared }: Buckets): readonly string[] {
  if (shared === undefined) return [own];
  const { everywhere, address, network } = shared;
  return network === undefined ? [own, everywhere, address] : [own, everywhere, address, network];
}

/** `(?, ?)`; a list that holds nothing where there is nothing. */
function listOf(values: readonly unknown[]): string {
  return values.length === 0 ? '(NULL)' : `(${values.map(() => '?').join(', ')})`;
}

interface Count {
  readonly bucket: string;
  readonly account: string;
  readonly attempt: string;
  readonly now: number;
  readonly pause: number;
  readonly free: number;
  readonly firstDelay: number;
  readonly longestDelay: number;
  readonly keepFor: number;
  /** When `keepFor` begins. */
  readonly from: 'first failure' | 'last failure';
}

/** Counts a failure and sets the delay after it, where the bucket may be tried and the condition holds. */
function count(to: Count, condition: Statement): Statement {
  const wait = 'CASE WHEN f.failures < ? THEN 0 WHEN f.wait = 0 THEN ? WHEN f.wait * 2 > ? THEN ? ELSE f.wait * 2 END';
  const waitValues = [to.free, to.firstDelay, to.longestDelay, to.longestDelay];
  const expiresAt = to.from === 'last failure' ? 'excluded.expires_at' : 'f.expires_at';
  return sql(
    `INSERT INTO sign_in_failures AS f (bucket, account, failures, wait, failed_at, blocked_until, attempt, expires_at)
     SELECT ?, ?, 1, 0, CAST(? AS BIGINT), 0, ?, CAST(? AS BIGINT) WHERE ${condition.sql}
     ON CONFLICT (bucket) DO UPDATE SET failures = f.failures + 1, wait = ${wait}, failed_at = excluded.failed_at,
       blocked_until = CASE WHEN ${wait} = 0 THEN 0 ELSE excluded.failed_at + ${wait} END, attempt = excluded.attempt, expires_at = ${expiresAt}
     WHERE f.blocked_until <= ? AND f.failed_at <= ?
     RETURNING bucket`,
    to.bucket,
    to.account,
    to.now,
    to.attempt,
    to.now + to.keepFor,
    ...condition.values,
    ...waitValues,
    ...waitValues,
    ...waitValues,
    to.now,
    // Without a pause, attempts at the same moment may be stored in another order than they began in, on other clocks even.
    to.pause === 0 ? Number.MAX_SAFE_INTEGER : to.now - to.pause,
  );
}

/** Counts a failure that delays nothing by itself. */
function countOnly(
  bucket: string,
  account: string,
  attempt: string,
  now: number,
  keepFor: number,
  condition: Statement,
): Statement {
  return sql(
    `INSERT INTO sign_in_failures AS f (bucket, account, failures, wait, failed_at, blocked_until, attempt, expires_at)
     SELECT ?, ?, 1, 0, CAST(? AS BIGINT), 0, ?, CAST(? AS BIGINT) WHERE ${condition.sql}
     ON CONFLICT (bucket) DO UPDATE SET failures = f.failures + 1, failed_at = excluded.failed_at, attempt = excluded.attempt`,
    bucket,
    account,
    now,
    attempt,
    now + keepFor,
    ...condition.values,
  );
}
