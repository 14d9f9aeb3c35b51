import { describe, expect, it, onTestFinished } from 'vitest';
import { ManualClock } from '../../core/clock.ts';
import { systemRandom } from '../../core/random.ts';
import { ConfigurationError } from '../../core/urls.ts';
import { migrate } from '../../storage/migrations.ts';
import { openDatabase } from '../../storage/open.ts';
import { createCookies } from '../../web/cookies.ts';
import { signInMigrations } from './tables.ts';
import { type SignInAttempt, SignInThrottle, type SignInThrottleOptions } from './throttle.ts';

const second = 1_000;
const minute = 60 * second;
const url = 'https://mcp.example.com/sign-in';

async function openThrottle(limits?: SignInThrottleOptions['limits']) {
  const database = await openDatabase(':memory:');
  onTestFinished(() => database.close());
  await migrate(database, signInMigrations);
  const clock = new ManualClock();
  const options = {
    database,
    clock,
    random: systemRandom,
    cookies: createCookies(url),
    key: new Uint8Array(32).fill(7),
  };
  const throttle = new SignInThrottle(limits === undefined ? options : { ...options, limits });
  const attempt = (account: string, clientAddress: string, cookie?: string) =>
    throttle.begin(account, new Request(url, cookie === undefined ? {} : { headers: { cookie } }), { clientAddress });
  const fail = async (account: string, clientAddress: string, cookie?: string) => {
    const outcome = await attempt(account, clientAddress, cookie);
    if (outcome.allowed) outcome.failed();
    return outcome;
  };
  /** Fails at an account until it has to wait, and says how long. */
  const failUntilBlocked = async (account: string, address: string) => {
    for (let tries = 1; tries < 1000; tries += 1) {
      const outcome = await fail(account, address);
      if (!outcome.allowed) return { tries: tries - 1, wait: outcome.retryAfterSeconds };
    }
    throw new Error('never blocked');
  };
  return { database, clock, throttle, attempt, fail, failUntilBlocked };
}

function allowed(outcome: SignInAttempt): Extract<SignInAttempt, { allowed: true }> {
  if (!outcome.allowed) throw new Error(`must wait ${outcome.retryAfterSeconds} s`);
  return outcome;
}

describe('one address at one account', () => {
  it('has three failures free, then waits 1 s, 2 s, 4 s and so on up to a quarter of an hour', async () => {
    const { clock, attempt, fail } = await openThrottle();
    for (let failure = 0; failure < 3; failure += 1) allowed(await fail('ada', '192.0.2.1'));
    const waits: number[] = [];
    for (let failure = 0; failure < 13; failure += 1) {
      allowed(await fail('ada', '192.0.2.1'));
      const next = await attempt('ada', '192.0.2.1');
      waits.push(next.allowed ? 0 : next.retryAfterSeconds);
      clock.advance((waits.at(-1) ?? 0) * second);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  });

  it('is not delayed where the attempt before it began on a clock that is ahead', async () => {
    const { clock, attempt } = await openThrottle();
    for (const ahead of [2, 1, 0]) {
      allowed(await attempt('ada', '192.0.2.1'));
      clock.advance(-ahead * second);
    }
  });

  it('of a hundred parallel attempts no more get through than one after the other [PITFALL-22]', async () => {
    const { fail } = await openThrottle();
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => fail('ada', '192.0.2.1')));
    expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(4);
  });

  it('knocking while blocked makes the wait no longer', async () => {
    const { clock, fail, failUntilBlocked } = await openThrottle();
    expect(await failUntilBlocked('ada', '192.0.2.1')).toEqual({ tries: 4, wait: 1 });
    for (let knock = 0; knock < 50; knock += 1) await fail('ada', '192.0.2.1');
    clock.advance(second);
    allowed(await fail('ada', '192.0.2.1'));
  });

  it('spellings of a name are one account, and a whole IPv6 /64 is one address [PITFALL-22]', async () => {
    const { fail, failUntilBlocked } = await openThrottle();
    await failUntilBlocked('ada', '2001:db8:1:2::1');
    expect(await fail('ADA', '2001:db8:1:2:ffff::2')).toMatchObject({ allowed: false });
    expect(await fail('ａda', '2001:db8:1:2::1')).toMatchObject({ allowed: false });
    allowed(await fail('ada', '2001:db8:1:3::1'));
  });

  it('a success forgets its failures', async () => {
    const { attempt, fail, failUntilBlocked } = await openThrottle();
    for (let failure = 0; failure < 3; failure += 1) allowed(await fail('ada', '192.0.2.1'));
    await allowed(await attempt('ada', '192.0.2.1')).succeeded();
    expect(await failUntilBlocked('ada', '192.0.2.1')).toMatchObject({ tries: 4 });
  });

  it('an attempt that was never made does not count', async () => {
    const { attempt, failUntilBlocked } = await openThrottle();
    for (let busy = 0; busy < 30; busy += 1) await allowed(await attempt('ada', '192.0.2.1')).cancelled();
    expect(await failUntilBlocked('ada', '192.0.2.1')).toEqual({ tries: 4, wait: 1 });
  });

  it('a day of peace forgets its failures', async () => {
    const { clock, failUntilBlocked } = await openThrottle();
    await failUntilBlocked('ada', '192.0.2.1');
    clock.advance(24 * 60 * minute);
    expect(await failUntilBlocked('ada', '192.0.2.1')).toEqual({ tries: 4, wait: 1 });
  });
});

describe('a stranger cannot shut the user out', () => {
  it('however many addresses fail at an account, a fresh one gets its first attempt at once', async () => {
    const { fail } = await openThrottle();
    for (let bot = 0; bot < 400; bot += 1) await fail('ada', `198.51.${bot % 250}.${bot}`);
    allowed(await fail('ada', '192.0.2.1'));
  });

  it('under such an attack every address has to pause between its attempts there, and only there', async () => {
    const { clock, fail } = await openThrottle();
    for (let bot = 0; bot < 60; bot += 1) await fail('ada', `198.51.100.${bot}`);
    allowed(await fail('ada', '192.0.2.1'));
    expect(await fail('ada', '192.0.2.1')).toEqual({ allowed: false, retryAfterSeconds: 8 });
    allowed(await fail('bob', '192.0.2.1'));
    clock.advance(8 * second);
    allowed(await fail('ada', '192.0.2.1'));
    clock.advance(15 * minute);
    allowed(await fail('ada', '192.0.2.1'));
    allowed(await fail('ada', '192.0.2.1'));
  });

  it('a browser that signed in before is not slowed down by failures of its own address', async () => {
    const { attempt, fail, failUntilBlocked } = await openThrottle();
    const cookie = (await allowed(await attempt('ada', '192.0.2.1')).succeeded()).split(';')[0];
    await failUntilBlocked('ada', '192.0.2.1');
    for (let account = 0; account < 40; account += 1) await fail(`user-${account}`, '192.0.2.1');
    expect(await fail('ada', '192.0.2.1')).toMatchObject({ allowed: false });
    allowed(await fail('ada', '192.0.2.1', cookie));
  });

  it('the known browser has a count of its own, not a free pass', async () => {
    const { attempt, fail } = await openThrottle();
    const cookie = (await allowed(await attempt('ada', '192.0.2.1')).succeeded()).split(';')[0];
    for (let failure = 0; failure < 4; failure += 1) allowed(await fail('ada', `198.51.100.${failure}`, cookie));
    expect(await fail('ada', '198.51.100.9', cookie)).toMatchObject({ allowed: false });
    allowed(await fail('ada', '198.51.100.9'));
  });

  it('being known for one account says nothing for another, nor does a cookie that somebody made up', async () => {
    const { attempt, fail, failUntilBlocked } = await openThrottle();
    const mallory = (await allowed(await attempt('mallory', '192.0.2.1')).succeeded()).split(';')[0] ?? '';
    const adas = (await allowed(await attempt('ada', '203.0.113.5')).succeeded()).split(';')[0] ?? '';
    await failUntilBlocked('ada', '192.0.2.1');
    const name = adas.split('=')[0];
    const forgeries = [mallory, `${name}=${mallory.split('=')[1]}`, `${name}=x.y`, `${name}=`, `${adas}x`];
    for (const forgery of forgeries) {
      expect(await fail('ada', '192.0.2.1', forgery)).toMatchObject({ allowed: false });
    }
    allowed(await fail('ada', '192.0.2.1', adas));
  });
});

describe('one address at many accounts', () => {
  it('waits after twenty failures, at most a minute, and nobody else does [PITFALL-22]', async () => {
    const { clock, attempt, fail } = await openThrottle();
    const waits: number[] = [];
    for (let account = 0; account < 29; account += 1) {
      allowed(await fail(`user-${account}`, '192.0.2.1'));
      const next = await attempt(`probe-${account}`, '192.0.2.1');
      if (next.allowed) await next.cancelled();
      else {
        waits.push(next.retryAfterSeconds);
        clock.advance(next.retryAfterSeconds * second);
      }
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    allowed(await fail('user-1', '192.0.2.2'));
  });

  it('of a hundred parallel attempts at as many accounts no more get through [PITFALL-22]', async () => {
    const { fail } = await openThrottle();
    const outcomes = await Promise.all(Array.from({ length: 100 }, (_, n) => fail(`user-${n}`, '192.0.2.1')));
    expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(21);
  });

  it('colleagues behind one address who sign in rightly never wait', async () => {
    const { attempt, fail } = await openThrottle();
    for (let user = 0; user < 100; user += 1) await allowed(await attempt(`user-${user}`, '192.0.2.1')).succeeded();
    allowed(await fail('late', '192.0.2.1'));
  });
});

describe('many at one address at once', () => {
  it('are all let in who sign in rightly, whoever ends first [PITFALL-36]', async () => {
    const { attempt } = await openThrottle();
    const signIn = async (user: number) => {
      const outcome = await attempt(`user-${user}`, '192.0.2.1');
      await new Promise((resolve) => setImmediate(resolve));
      if (outcome.allowed) await outcome.succeeded();
      return outcome.allowed;
    };
    const outcomes = await Promise.all(Array.from({ length: 100 }, (_, user) => signIn(user)));
    expect(outcomes).toEqual(Array(100).fill(true));
    // The same person in many tabs, too.
    expect(await Promise.all(Array.from({ length: 20 }, () => signIn(7)))).toEqual(Array(20).fill(true));
  });

  it('are let in as well where some of them mistype, up to what one address may', async () => {
    const { attempt, fail } = await openThrottle();
    const tries = Array.from({ length: 100 }, async (_, user) => {
      if (user % 6 === 5) return (await fail(`user-${user}`, '192.0.2.1')).allowed;
      const outcome = await attempt(`user-${user}`, '192.0.2.1');
      await new Promise((resolve) => setImmediate(resolve));
      if (outcome.allowed) await outcome.succeeded();
      return outcome.allowed;
    });
    expect(await Promise.all(tries)).toEqual(Array(100).fill(true));
  });

  it('hide no guesses: as many are looked at as if nobody else came [PITFALL-22]', async () => {
    const { attempt, fail } = await openThrottle();
    const colleagues = Array.from({ length: 40 }, async (_, user) => {
      const outcome = await attempt(`user-${user}`, '192.0.2.1');
      if (outcome.allowed) await outcome.succeeded();
    });
    const guesses = await Promise.all(Array.from({ length: 200 }, (_, n) => fail(`victim-${n}`, '192.0.2.1')));
    await Promise.all(colleagues);
    expect(guesses.filter(({ allowed }) => allowed)).toHaveLength(21);
    expect(await fail('another', '192.0.2.1')).toMatchObject({ allowed: false });
  });

  it('do not wait for ever where the database goes away in the midst of it', async () => {
    const { attempt, database, fail } = await openThrottle();
    const first = allowed(await attempt('ada', '192.0.2.1'));
    const tries = Array.from({ length: 30 }, () => fail('ada', '192.0.2.1').catch(() => 'an outage' as const));
    await database.close();
    await expect(first.succeeded()).rejects.toThrow();
    for (const outcome of await Promise.all(tries))
      expect(['an outage', true, false]).toContain(typeof outcome === 'string' ? outcome : outcome.allowed);
  });
});

describe('administration', () => {
  it('every limit can be set, and a senseless one is refused [PITFALL-36]', async () => {
    const { failUntilBlocked } = await openThrottle({ freeFailures: 10, firstDelay: 5 * second });
    expect(await failUntilBlocked('ada', '192.0.2.1')).toEqual({ tries: 11, wait: 5 });
    await expect(openThrottle({ freeFailures: 0 })).rejects.toThrow(ConfigurationError);
    await expect(openThrottle({ window: 1.5 })).rejects.toThrow(ConfigurationError);
  });

  it('an administrator can forget the failures at an account', async () => {
    const { throttle, fail, failUntilBlocked } = await openThrottle();
    await failUntilBlocked('ada', '192.0.2.1');
    await failUntilBlocked('bob', '192.0.2.1');
    await throttle.forget('Ada');
    allowed(await fail('ada', '192.0.2.1'));
    expect(await fail('bob', '192.0.2.1')).toMatchObject({ allowed: false });
  });

  it('survives a restart, and holds neither names nor addresses in the clear', async () => {
    const { database, clock, failUntilBlocked } = await openThrottle();
    await failUntilBlocked('ada.lovelace', '192.0.2.1');
    const dump = JSON.stringify(await database.read('SELECT * FROM sign_in_failures'));
    expect(dump).not.toMatch(/ada|192\.0/);
    const restarted = new SignInThrottle({
      database,
      clock,
      random: systemRandom,
      cookies: createCookies(url),
      key: new Uint8Array(32).fill(7),
    });
    expect(await restarted.begin('ada.lovelace', new Request(url), { clientAddress: '192.0.2.1' })).toMatchObject({
      allowed: false,
    });
  });
});
