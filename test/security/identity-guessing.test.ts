import { describe, expect, it } from 'vitest';
import { type IdentityHarness, openIdentity, origin, signInAs } from '../support/identity.ts';
import { testUser } from '../support/portcullis-harness.ts';

const minute = 60_000;

/** The nth /64 of one /48, which is what a site or a tunnel broker's customer is given. */
function neighbour(n: number, network = '2001:db8:1'): string {
  return `${network}:${n.toString(16)}::1`;
}

/** How many of the guesses may be made: each from the address that is given for it. */
async function allowedGuesses(
  { services }: IdentityHarness,
  count: number,
  guess: (n: number) => { readonly userName: string; readonly clientAddress: string },
): Promise<number> {
  let allowed = 0;
  for (let n = 0; n < count; n += 1) {
    const { userName, clientAddress } = guess(n);
    if ((await services.throttle.begin(userName, new Request(origin), { clientAddress })).allowed) allowed += 1;
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
    const { services } = await openIdentity();
    const attempts = Array.from({ length: 400 }, (_, n) =>
      services.throttle.begin('ada', new Request(origin), { clientAddress: neighbour(n) }),
    );
    expect((await Promise.all(attempts)).filter(({ allowed }) => allowed).length).toBeLessThanOrEqual(201);
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

describe('attempts that come to nothing', () => {
  it('leave no rows behind, so that no flood of them fills the table [PITFALL-23]', async () => {
    const { services } = await openIdentity();
    const begin = (n: number) => services.throttle.begin(`user-${n}`, new Request(origin), { clientAddress: neighbour(n) });
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
    const [cancelled] = [await begin(), await begin()];
    if (!cancelled.allowed) throw new Error('waits');
    await cancelled.cancelled();
    expect(await services.database.read('SELECT failures FROM sign_in_failures')).toEqual(Array(4).fill({ failures: 1 }));
  });
});
