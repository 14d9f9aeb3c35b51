import { availableParallelism } from 'node:os';
import type { Random } from '../../core/random.ts';
import { ConfigurationError } from '../../core/urls.ts';
import { type Argon2Cost, type Argon2Hash, argon2id, equalHashes, formatHash, parseHash } from './argon2.ts';
import { checkPassword, type PasswordContext, preparePassword } from './policy.ts';
import { WorkQueue } from './work-queue.ts';

export interface PasswordsOptions {
  readonly random: Random;
  /** Default: 19456, with 2 passes and parallelism 1 the OWASP recommendation for argon2id. */
  readonly memoryKiB?: number;
  readonly passes?: number;
  readonly parallelism?: number;
  /** Of a new password, in characters. Default: 12. */
  readonly minimumLength?: number;
  /** How many passwords are hashed at a time. Default: one processor fewer than there are, so that tokens go on being issued. */
  readonly concurrency?: number;
  /** How many may wait for their turn. Default: 64. */
  readonly queueLimit?: number;
}

const saltLength = 16;

/** Hashes and verifies passwords with argon2id, a bounded number at a time. */
export class Passwords {
  /** Of a new password, in characters. */
  readonly minimumLength: number;
  readonly #random: Random;
  readonly #cost: Argon2Cost;
  readonly #queue: WorkQueue;

  /** @throws ConfigurationError for less than 7 MiB of memory, one pass or one task at a time */
  constructor(options: PasswordsOptions) {
    const { memoryKiB = 19_456, passes = 2, parallelism = 1 } = options;
    this.minimumLength = atLeast(1, 'minimumLength', options.minimumLength ?? 12);
    this.#random = options.random;
    this.#cost = {
      memoryKiB: atLeast(7_168, 'memoryKiB', memoryKiB),
      passes: atLeast(1, 'passes', passes),
      parallelism: atLeast(1, 'parallelism', parallelism),
    };
    const concurrency = options.concurrency ?? Math.max(1, availableParallelism() - 1);
    this.#queue = new WorkQueue(
      atLeast(1, 'concurrency', concurrency),
      atLeast(0, 'queueLimit', options.queueLimit ?? 64),
    );
  }

  /** What to tell a person who chooses this password, or `undefined` where it is good. */
  check(password: string, context?: PasswordContext): string | undefined {
    return checkPassword(password, this.minimumLength, context);
  }

  /**
   * @returns a PHC string: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`
   * @throws RangeError for control characters or over-long passwords, which `check` has a message for
   * @throws PasswordsBusyError
   */
  async hash(password: string): Promise<string> {
    const prepared = preparePassword(password);
    if (prepared === undefined) throw new RangeError('a password is 1 to 256 characters without control characters');
    const salt = this.#random.bytes(saltLength);
    const hash = await this.#queue.run(() => argon2id(prepared, salt, this.#cost));
    return formatHash({ ...this.#cost, salt, hash });
  }

  /**
   * Whether a password is the one that was hashed.
   * @param stored `undefined` where there is no such user: the answer is then `false` after the same work
   * @throws PasswordsBusyError
   */
  async verify(password: string, stored: string | undefined): Promise<boolean> {
    const prepared = preparePassword(password);
    if (prepared === undefined) return false;
    const known = stored === undefined ? undefined : parseHash(stored);
    const against: Argon2Hash = known ?? { ...this.#cost, salt: new Uint8Array(saltLength), hash: new Uint8Array(32) };
    const hash = await this.#queue.run(() => argon2id(prepared, against.salt, against, against.hash.byteLength));
    return equalHashes(hash, against.hash) && known !== undefined;
  }

  /** Whether a stored hash was made with another cost than the present one. */
  needsRehash(stored: string): boolean {
    const known = parseHash(stored);
    if (known === undefined) return true;
    const { memoryKiB, passes, parallelism } = this.#cost;
    return known.memoryKiB !== memoryKiB || known.passes !== passes || known.parallelism !== parallelism;
  }

  /** How long one hash takes on this machine, in milliseconds: for the log at start. */
  async measure(): Promise<number> {
    return this.#queue.run(async () => {
      const start = performance.now();
      await argon2id('a password of usual length', new Uint8Array(saltLength), this.#cost);
      return performance.now() - start;
    });
  }
}

function atLeast(minimum: number, option: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= minimum) return value;
  throw new ConfigurationError(`passwords.${option} must be a whole number of at least ${minimum}`);
}
