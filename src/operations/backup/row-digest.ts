import { hash } from 'node:crypto';
import type { SqlValue } from '../../core/database.ts';

const modulus = 2n ** 256n;

/** Counts rows and sums their hashes: the same for the same rows in whatever order an engine has them. */
export class RowDigest {
  #sum = 0n;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param values of all columns, in one order */
  add(values: readonly SqlValue[]): void {
    this.#sum = (this.#sum + BigInt(`0x${hash('sha256', JSON.stringify(values), 'hex')}`)) % modulus;
    this.#count += 1;
  }

  toString(): string {
    return this.#sum.toString(16).padStart(64, '0');
  }
}
