import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemRandom } from '../../core/random.ts';
import { ConfigurationError } from '../../core/urls.ts';
import { Passwords } from './passwords.ts';
import { maximumPasswordLength } from './policy.ts';
import { PasswordsBusyError } from './work-queue.ts';

const cheap = { random: systemRandom, memoryKiB: 7168, passes: 1 } as const;
const password = 'correct horse battery staple';

/** What every hash costs that Node computes until the test ends. */
function watchArgon2(): object[] {
  const costs: object[] = [];
  const original = crypto.argon2;
  const watched: typeof crypto.argon2 = (algorithm, parameters, callback) => {
    const { memory, passes, parallelism, tagLength } = parameters;
    costs.push({ memory, passes, parallelism, length: tagLength });
    return original(algorithm, parameters, callback);
  };
  crypto.argon2 = watched;
  syncBuiltinESMExports();
  onTestFinished(() => {
    crypto.argon2 = original;
    syncBuiltinESMExports();
  });
  return costs;
}

describe('hashing', () => {
  it('a password verifies against its own hash and no other does', async () => {
    const passwords = new Passwords(cheap);
    const stored = await passwords.hash(password);
    expect(await passwords.verify(password, stored)).toBe(true);
    expect(await passwords.verify(`${password} `, stored)).toBe(false);
    expect(await passwords.verify('', stored)).toBe(false);
  });

  it('a hash is argon2id in the PHC format, with a salt of its own', async () => {
    const passwords = new Passwords(cheap);
    const [first, second] = [await passwords.hash(password), await passwords.hash(password)];
    expect(first).toMatch(/^\$argon2id\$v=19\$m=7168,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(first).not.toBe(second);
  });

  it('the default cost is the OWASP recommendation', async () => {
    expect(await new Passwords({ random: systemRandom }).hash(password)).toContain('$m=19456,t=2,p=1$');
  });

  it('verifies a hash of another argon2id implementation, made by the reference one', async () => {
    const reference = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    const passwords = new Passwords(cheap);
    expect(await passwords.verify('password', reference)).toBe(true);
    expect(passwords.needsRehash(reference)).toBe(true);
  });

  it('a hash of the present cost needs no renewal, one of another cost does', async () => {
    const stored = await new Passwords(cheap).hash(password);
    expect(new Passwords(cheap).needsRehash(stored)).toBe(false);
    expect(new Passwords({ ...cheap, passes: 2 }).needsRehash(stored)).toBe(true);
    expect(await new Passwords({ ...cheap, passes: 2 }).verify(password, stored)).toBe(true);
  });

  it('what is not such a hash verifies nothing', async () => {
    const passwords = new Passwords(cheap);
    for (const stored of [
      '',
      'plain',
      '$2b$12$abc',
      '$argon2i$v=19$m=7168,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    ]) {
      expect(await passwords.verify(password, stored)).toBe(false);
    }
  });

  it('the same password typed with other code points for the same characters verifies', async () => {
    const passwords = new Passwords(cheap);
    const stored = await passwords.hash('pässwörter sind geduldig');
    expect(await passwords.verify('pässwörter sind geduldig'.normalize('NFD'), stored)).toBe(true);
    expect(await passwords.verify('pässwörter\u00a0sind geduldig', stored)).toBe(true);
    expect(await passwords.verify('passworter sind geduldig', stored)).toBe(false);
  });

  it('a trailing NUL and other control characters never reach the hash function [PITFALL-32]', async () => {
    const passwords = new Passwords(cheap);
    const stored = await passwords.hash(password);
    for (const tail of ['\u0000', '\u0000anything', '\u0007', '\u007f', '\u0085']) {
      expect(await passwords.verify(password + tail, stored)).toBe(false);
      await expect(passwords.hash(password + tail)).rejects.toThrow(RangeError);
      expect(passwords.check(password + tail)).toContain('control characters');
    }
  });

  it('the length of a password is capped before it is hashed [PITFALL-32]', async () => {
    const passwords = new Passwords(cheap);
    const longest = 'ab cd ef gh '.repeat(30).slice(0, maximumPasswordLength);
    expect(await passwords.verify(longest, await passwords.hash(longest))).toBe(true);
    await expect(passwords.hash(`${longest}x`)).rejects.toThrow(RangeError);
    expect(await passwords.verify('x'.repeat(10_000_000), undefined)).toBe(false);
  });

  it('an unknown user costs the same work as a wrong password [PITFALL-24]', async () => {
    const passwords = new Passwords(cheap);
    const stored = await passwords.hash(password);
    const costs = watchArgon2();
    expect(await passwords.verify('a wrong password', stored)).toBe(false);
    expect(await passwords.verify('a wrong password', undefined)).toBe(false);
    expect(costs).toHaveLength(2);
    expect(costs[1]).toEqual(costs[0]);
    expect(costs[0]).toEqual({ memory: cheap.memoryKiB, passes: cheap.passes, parallelism: 1, length: 32 });
  });

  it('is measured in milliseconds', async () => {
    expect(await new Passwords(cheap).measure()).toBeGreaterThan(0.5);
  });

  it('a cost or limit that protects nothing is refused', () => {
    for (const option of ['memoryKiB', 'passes', 'parallelism', 'concurrency', 'minimumLength'] as const) {
      expect(() => new Passwords({ ...cheap, [option]: 0 })).toThrow(ConfigurationError);
    }
  });
});

describe('a flood', () => {
  it('is hashed one at a time, waits in a bounded queue, and is refused beyond it', async () => {
    const passwords = new Passwords({ ...cheap, concurrency: 1, queueLimit: 3 });
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => passwords.verify(password, undefined)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(refused).toHaveLength(6);
    for (const error of refused) expect(error).toBeInstanceOf(PasswordsBusyError);
    expect(await passwords.verify(password, undefined)).toBe(false);
  });

  it('leaves the event loop free', async () => {
    const passwords = new Passwords({ random: systemRandom, concurrency: 1, queueLimit: 20 });
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    await Promise.all(Array.from({ length: 8 }, () => passwords.verify(password, undefined)));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(16);
  });
});
