import { describe, expect, it } from 'vitest';
import { growthOf, muchMoreThanLinear } from '../support/growth.ts';
import { type IdentityHarness, openIdentity, origin, signInAs } from '../support/identity.ts';
import { testUser } from '../support/portcullis-harness.ts';

const minute = 60_000;

/** The nth /64 of one /48, which is what a site or a tunnel broker's customer is given. */
function neighbour(n: number, network = '2001:db8:1'): string {
  return `${network}:${n.toString(16)}::1`;
}

/** A guess that is wrong, where it may be made. */
async function guess({ services }: IdentityHarness, userName: string, clientAddress: string): Promise<boolean> {
  const attempt = await services.throttle.begin(userName, new Request(origin), { clientAddress });
  if (attempt.allowed) attempt.failed();
  return attempt.allowed;
}

/** How many of the guesses may be made: each from the address that is given for it. */
async function allowedGuesses(
  harness: IdentityHarness,
  count: number,
  guessed: (n: number) => { readonly userName: string; readonly clientAddress: string },
): Promise<number> {
  let allowed = 0;
  for (let n = 0; n < count; n += 1) {
    const { userName, clientAddress } = guessed(n);
    if (await guess(harness, userName, clientAddress)) allowed += 1;
  }
  return allowed;
}

describe('one customer with a /48 of IPv6 addresses', () => {
  it('does not guess at one account without end by coming from a new /64 each time [PITFALL-22]', async () => {
    const harness = await openIdentity();
    const guesses = (n: number) => ({ userName: 'ada', clientAddress: neighbour(n) });
    expect(await allowedGuesses(harness, 1500, guesses)).toBeLessThanOrEqual(201);
  });

  it('does not try one password at many accounts without end [PITFALL-22]', async () => {
    const harness = await openIdentity();
    const guesses = (n: number) => ({ userName: `user-${n}`, clientAddress: neighbour(n) });
    expect(await allowedGuesses(harness, 1000, guesses)).toBeLessThanOrEqual(201);
  });

  it('of parallel attempts no more get through [PITFALL-22]', async () => {
    const harness = await openIdentity();
    const attempts = Array.from({ length: 400 }, (_, n) => guess(harness, 'ada', neighbour(n)));
    expect((await Promise.all(attempts)).filter((allowed) => allowed).length).toBeLessThanOrEqual(201);
  });

  it('slows down nobody outside, nor a browser that signed in before, and within it nobody for longer than a minute [PITFALL-22]', async () => {
    const harness = await openIdentity();
    await harness.addUser('ada');
    const known = harness.browser(neighbour(7));
    await signInAs(known, 'ada');
    await allowedGuesses(harness, 400, (n) => ({ userName: 'bob', clientAddress: neighbour(n + 100) }));
    expect((await signInAs(harness.browser(neighbour(9)), 'ada')).status).toBe(429);
    expect((await signInAs(harness.browser(neighbour(9, '2001:db8:2')), 'ada')).url.pathname).toBe('/account');
    await known.visit(`${origin}/sign-in?again=1`);
    const again = await known.submit({ username: 'ada', password: testUser.password });
    expect(again instanceof URL ? again : again.url.pathname).toBe('/account');
    harness.clock.advance(minute);
    expect((await signInAs(harness.browser(neighbour(9)), 'ada')).url.pathname).toBe('/account');
  });

  it('that signs in rightly from hundreds of /64s never waits', async () => {
    const { services } = await openIdentity();
    for (let n = 0; n < 400; n += 1) {
      const attempt = await services.throttle.begin(`user-${n}`, new Request(origin), { clientAddress: neighbour(n) });
      if (!attempt.allowed) throw new Error(`waits at ${n}`);
      await attempt.succeeded();
    }
  });

  it('does not fill the table of clients by registering from a new /64 each time [PITFALL-15, PITFALL-22]', async () => {
    const harness = await openIdentity({ registration: { rateLimit: { limit: 5 } } });
    let registered = 0;
    for (let n = 0; n < 200; n += 1) {
      const response = await harness.send(
        new Request(`${origin}/register`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ redirect_uris: ['https://app.example/cb'] }),
        }),
        { clientAddress: neighbour(n) },
      );
      if (response.status === 201) registered += 1;
      else expect(response.status).toBe(429);
    }
    expect(registered).toBe(50);
  });
});

describe('a whole office behind one address', () => {
  it('signs in at once, each with the right password, and nobody has to wait', async () => {
    const harness = await openIdentity();
    const names = Array.from({ length: 25 }, (_, n) => `colleague-${n}`);
    for (const name of names) await harness.addUser(name);
    const pages = await Promise.all(names.map((name) => signInAs(harness.browser('203.0.113.9'), name)));
    expect(pages.map(({ url }) => url.pathname)).toEqual(names.map(() => '/account'));
  });
});

describe('attempts that come to nothing', () => {
  it('leave no rows behind, so that no flood of them fills the table [PITFALL-23]', async () => {
    const { services } = await openIdentity();
    const begin = (n: number) =>
      services.throttle.begin(`user-${n}`, new Request(origin), { clientAddress: neighbour(n) });
    for (let n = 0; n < 20; n += 1) {
      const attempt = await begin(n);
      if (!attempt.allowed) throw new Error(`waits at ${n}`);
      await (n % 2 === 0 ? attempt.cancelled() : attempt.succeeded());
    }
    expect(await services.database.read('SELECT count(*) AS n FROM sign_in_failures')).toEqual([{ n: 0 }]);
  });

  it('do not erase a failure that came between them', async () => {
    const { services } = await openIdentity();
    const begin = () => services.throttle.begin('ada', new Request(origin), { clientAddress: neighbour(1) });
    const [cancelled, failed] = [await begin(), await begin()];
    if (!cancelled.allowed || !failed.allowed) throw new Error('waits');
    failed.failed();
    await cancelled.cancelled();
    expect(await services.database.read('SELECT failures FROM sign_in_failures')).toEqual(
      Array(4).fill({ failures: 1 }),
    );
  });
});

describe('a stranger who wants to know which names exist', () => {
  it('gets the same answer, byte for byte, for a user, a disabled user and nobody, whatever the password [PITFALL-24]', async () => {
    const harness = await openIdentity();
    await harness.addUser('ada');
    const gone = await harness.addUser('gone');
    await harness.services.users.setStatus(gone.userId, 'disabled');
    const tries: [string, string][] = [
      ['ada', 'wrong password here'],
      ['gone', 'wrong password here'],
      ['gone', testUser.password],
      ['nobody', testUser.password],
      ['nobody', 'x'.repeat(400)],
      ['ada', 'x'.repeat(400)],
    ];
    const answers = [];
    for (const [n, [userName, password]] of tries.entries()) {
      const browser = harness.browser(`198.51.100.${n}`);
      const page = await signInAs(browser, userName, password);
      const html = page.html
        .replaceAll(/(name="csrf_token" value=")[^"]*/g, '$1')
        .replaceAll(`value="${userName}"`, 'value="NAME"');
      answers.push([page.status, html, [...page.headers].filter(([name]) => name !== 'set-cookie')]);
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it('waits after as many attempts for nobody as for a user, and spelling a name otherwise gives no more of them [PITFALL-22, PITFALL-24]', async () => {
    const harness = await openIdentity();
    await harness.addUser('Kelvin');
    const triesUntilWaiting = async (names: readonly string[], clientAddress: string) => {
      for (let tries = 0; ; tries += 1) {
        const name = names[tries % names.length] ?? '';
        if (!(await guess(harness, name, clientAddress))) return tries;
      }
    };
    const spellings = ['kelvin', 'KELVIN', '\u212aelvin', 'ｋｅｌｖｉｎ', 'Kelvin', 'kElViN'];
    const known = await triesUntilWaiting(spellings, '198.51.100.1');
    expect(await triesUntilWaiting(['nobody'], '198.51.100.2')).toBe(known);
    for (const padded of [' kelvin', 'kelvin ', 'kelvin\u200b', 'kelvi\u0301n']) {
      expect(await harness.services.users.findByName(padded), padded).toBeUndefined();
    }
  });
});

describe('a flood of sign-ins', () => {
  it('keeps neither health checks nor the token endpoint waiting, and never hashes more than a few at a time', async () => {
    const harness = await openIdentity({ passwords: { memoryKiB: 7168, passes: 20, concurrency: 1, queueLimit: 8 } });
    let finished = 0;
    const flood = Array.from({ length: 60 }, (_, n) =>
      harness.services.passwords.verify('some password', undefined).then(
        () => {
          finished += 1;
          return `verified ${n}`;
        },
        (error: Error) => error.name,
      ),
    );
    const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'x', refresh_token: 'y' });
    expect((await harness.send(new Request(`${origin}/readyz`))).status).toBe(200);
    expect((await harness.send(new Request(`${origin}/token`, { method: 'POST', body }))).status).toBe(401);
    expect(finished).toBeLessThan(9);
    const outcomes = await Promise.all(flood);
    expect(outcomes.filter((outcome) => outcome === 'PasswordsBusyError')).toHaveLength(51);
  });

  it('with passwords that are far too long costs no hash at all [PITFALL-32]', async () => {
    const { services } = await openIdentity({
      passwords: { memoryKiB: 7168, passes: 1, concurrency: 1, queueLimit: 1 },
    });
    const long = Array.from({ length: 50 }, () => services.passwords.verify('x'.repeat(16_000), undefined));
    expect(await Promise.all(long)).toEqual(Array(50).fill(false));
  });

  it.each(['ab', 'a', '\ufdfa', 'pass', '\u0344', 'aB3-'])(
    'with new passwords that are made to be slow to judge, of %j again and again, costs little more than they are long',
    async (unit) => {
      const { services } = await openIdentity();
      const judge = (length: number) => {
        const password = `${unit.repeat(length / unit.length)}!`;
        services.passwords.check(password, { userName: 'ada', siteName: 'Example Notes' });
      };
      expect(growthOf(judge, 16)).toBeLessThan(muchMoreThanLinear);
      // What is too long is refused without a look at it.
      expect(growthOf(judge, 1024)).toBeLessThan(muchMoreThanLinear);
    },
  );
});
