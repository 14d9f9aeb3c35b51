import { describe, expect, it } from 'vitest';
import { userCodes } from '../../src/oauth/device/user-code.ts';
import { jsonPost, type TestClient, tokensOf } from '../../src/testing/test-client.ts';
import { Device } from '../support/consent.ts';
import {
  allowAll,
  codeFields,
  type DeviceHarness,
  decisionFields,
  enterCode,
  openDevices,
  postTo,
} from '../support/devices.ts';
import { origin } from '../support/identity.ts';
import { testLimits } from '../support/portcullis-harness.ts';

const pending = { error: 'authorization_pending' };
const minute = 60_000;

/** A device that waits, and `ada` in front of its consent page. */
async function adaDecides(harness: DeviceHarness) {
  const client = await harness.tv({ scope: 'read write' });
  const started = await client.startDevice({ scope: 'read write' });
  const browser = harness.device();
  await browser.signIn('ada');
  const fields = { ...decisionFields(await enterCode(browser, started.userCode)), decision: 'allow' };
  return { client, started, browser, fields };
}

describe('a decision is made by the user who was shown the request, in that browser', () => {
  it('another user cannot send the form, with or without a page of their own [RFC8628-06, PITFALL-12, PITFALL-20]', async () => {
    const harness = await openDevices();
    const { client, started, browser, fields } = await adaDecides(harness);
    const bob = harness.device();
    await bob.signIn('bob');
    expect((await postTo(bob, '/device/decision', fields)).status).toBe(403);
    for (const [name, value] of browser.cookies) if (name.includes('browser')) bob.cookies.set(name, value);
    expect((await postTo(bob, '/device/decision', fields)).status).toBe(403);
    const other = await client.startDevice();
    const own = decisionFields(await enterCode(bob, other.userCode));
    const swapped = { ...own, request: started.userCode, decision: 'allow' };
    expect((await postTo(bob, '/device/decision', swapped)).status).toBe(403);
    expect((await client.poll(started)).body).toMatchObject(pending);
  });

  it('nor can the same user in another browser, or after signing in anew [PITFALL-12]', async () => {
    const harness = await openDevices();
    const { client, started, browser, fields } = await adaDecides(harness);
    const phone = harness.device();
    await phone.signIn('ada');
    expect((await postTo(phone, '/device/decision', fields)).status).toBe(403);
    await browser.signIn('ada');
    expect((await postTo(browser, '/device/decision', fields)).status).toBe(403);
    expect((await client.poll(started)).body).toMatchObject(pending);
  });

  it('nobody who is not signed in decides or enters a code [RFC8628-06]', async () => {
    const harness = await openDevices();
    const { client, started, fields } = await adaDecides(harness);
    const stranger = harness.device();
    for (const path of ['/device', '/device/decision']) {
      const answer = await postTo(stranger, path, { ...fields, user_code: started.userCode });
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/sign-in?for=device']);
    }
    expect((await client.poll(started)).body).toMatchObject(pending);
  });

  it('another site cannot send either form [PITFALL-12]', async () => {
    const harness = await openDevices();
    const { client, started, browser, fields } = await adaDecides(harness);
    const { csrf_token: _, ...without } = fields;
    for (const [form, headers] of [
      [fields, { 'sec-fetch-site': 'cross-site' }],
      [fields, { origin: 'https://evil.example' }],
      [without, {}],
      [{ ...fields, csrf_token: 'x'.repeat(43) }, {}],
    ] as const) {
      expect((await postTo(browser, '/device/decision', form, headers)).status).toBe(403);
      const code = { ...form, user_code: started.userCode };
      expect((await postTo(browser, '/device', code, headers)).status).toBe(403);
    }
    expect((await client.poll(started)).body).toMatchObject(pending);
  });

  it('a code that was entered again elsewhere is not decided on where it was entered before', async () => {
    const harness = await openDevices();
    const { client, started, browser, fields } = await adaDecides(harness);
    const bob = harness.device();
    await bob.signIn('bob');
    await enterCode(bob, started.userCode);
    expect((await postTo(browser, '/device/decision', fields)).status).toBe(400);
    expect((await client.poll(started)).body).toMatchObject(pending);
    expect((await allowAll(browser, started)).status).toBe(303);
    tokensOf(await client.poll(started));
  });

  it('of decisions that arrive together one counts, whichever they are [RFC8628-17]', async () => {
    const harness = await openDevices();
    const { client, started, browser, fields } = await adaDecides(harness);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        postTo(browser, '/device/decision', { ...fields, decision: index % 2 === 0 ? 'allow' : 'deny' }),
      ),
    );
    const won = answers.filter(({ status }) => status === 303).map(({ headers }) => headers.get('location'));
    expect(won).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(39);
    const { status, body } = await client.poll(started);
    expect(won[0]).toBe(status === 200 ? '/device?done=allowed' : '/device?done=denied');
    if (status !== 200) expect(body).toMatchObject({ error: 'access_denied' });
    const decisions = harness.events.filter(
      ({ name }) => name === 'authorization.approved' || name === 'authorization.denied',
    );
    expect(decisions).toHaveLength(1);
  });

  it('what its client gave up in the meantime is not given, before the decision or after it [RFC7592-08]', async () => {
    const harness = await openDevices({ registration: { ...testLimits.registration, defaultScopes: ['read'] } });
    const narrow = async ({ registration }: TestClient) => {
      const { client_id, redirect_uris, grant_types, registration_client_uri, registration_access_token } =
        registration;
      const changed = { client_id, redirect_uris, grant_types, token_endpoint_auth_method: 'none', scope: 'read' };
      const { headers, body } = jsonPost(origin, changed, { authorization: `Bearer ${registration_access_token}` });
      const request = new Request(String(registration_client_uri), {
        method: 'PUT',
        headers,
        body,
        duplex: 'half',
      } as RequestInit);
      expect((await harness.portcullis.handle(request))?.status).toBe(200);
    };
    const waiting = await adaDecides(harness);
    await narrow(waiting.client);
    await postTo(waiting.browser, '/device/decision', waiting.fields);
    expect(tokensOf(await waiting.client.poll(waiting.started)).scope).toBe('read');
    const decided = await adaDecides(harness);
    await postTo(decided.browser, '/device/decision', decided.fields);
    await narrow(decided.client);
    expect((await decided.client.poll(decided.started)).body).toMatchObject({
      error: 'invalid_grant',
      error_description: expect.stringContaining("'write'"),
    });
  });

  it('a link with a code looks nothing up, and decides nothing [RFC8628-08]', async () => {
    const harness = await openDevices();
    const started = await (await harness.tv()).startDevice();
    const browser = harness.device();
    await browser.signIn('ada');
    const texts = [started.userCode, 'BBBB-BBBB'].map(async (userCode) => {
      const answer = await browser.get(`/device?${new URLSearchParams({ user_code: userCode })}`);
      return [answer.status, (await answer.text()).replaceAll(userCode, '').replace(/"csrf_token" value="[^"]*"/g, '')];
    });
    const [real, invented] = await Promise.all(texts);
    expect(real).toEqual(invented);
    expect(await harness.services.database.read('SELECT shown_to FROM device_codes')).toEqual([{ shown_to: null }]);
  });
});

describe('guessing codes', () => {
  /** Codes that nobody has, one after another. */
  function* guesses(): Generator<string> {
    const letters = 'BCDFGHJKLMNPQRSTVWXZ';
    for (let index = 0; ; index += 1)
      yield `BBBB${[400 * 20, 400, 20, 1].map((place) => letters[Math.floor(index / place) % 20]).join('')}`;
  }

  async function guesser(harness: DeviceHarness, userName: string, clientAddress: string) {
    const browser = new Device(harness, clientAddress);
    await browser.signIn(userName);
    const fields = await codeFields(browser);
    return (userCode: string) => postTo(browser, '/device', { ...fields, user_code: userCode });
  }

  it('is delayed more and more, also for the right code, and says for how long [RFC8628-14]', async () => {
    const harness = await openDevices();
    const started = await (await harness.tv()).startDevice();
    const guess = await guesser(harness, 'ada', '192.0.2.1');
    const codes = guesses();
    const next = () => guess(codes.next().value ?? '');
    for (let count = 0; count < 4; count += 1) expect((await next()).status).toBe(400);
    const refused = await next();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await refused.text()).toContain('Too many wrong codes. Wait 1 second');
    expect((await guess(started.userCode)).status).toBe(429);
    harness.clock.advance(1000);
    expect((await next()).status).toBe(400);
    expect((await next()).headers.get('retry-after')).toBe('2');
    harness.clock.advance(2000);
    expect((await guess(started.userCode)).status).toBe(200);
    expect(harness.events.filter(({ name }) => name === 'authorization.device_code_wrong')).toHaveLength(5);
  });

  it('one user has 13 guesses while a code lives, 108 in a day, of 25,600,000,000 [RFC8628-14]', async () => {
    const harness = await openDevices();
    const guess = await guesser(harness, 'ada', '192.0.2.1');
    const codes = guesses();
    const start = harness.clock.now();
    let made = 0;
    let whileACodeLives = 0;
    while (harness.clock.now() < start + 1440 * minute) {
      const answer = await guess(codes.next().value ?? '');
      if (answer.status === 303) break;
      if (answer.status === 400) made += 1;
      else harness.clock.advance(Number(answer.headers.get('retry-after')) * 1000);
      if (harness.clock.now() < start + 10 * minute) whileACodeLives = made;
    }
    expect([whileACodeLives, made, userCodes]).toEqual([13, 108, 25_600_000_000]);
  });

  it('is not made easier by entering codes of one’s own in between [RFC8628-14]', async () => {
    const harness = await openDevices();
    const client = await harness.tv();
    const guess = await guesser(harness, 'ada', '192.0.2.1');
    const codes = guesses();
    let made = 0;
    for (let count = 0; count < 40; count += 1) {
      if ((await guess(codes.next().value ?? '')).status === 400) made += 1;
      await guess((await client.startDevice()).userCode);
    }
    expect(made).toBe(4);
  });

  it('is delayed for a user from many addresses, and for an address with many users [RFC8628-14, PITFALL-22]', async () => {
    const harness = await openDevices();
    const codes = guesses();
    let fromMany = 0;
    for (let address = 1; address <= 20; address += 1) {
      const guess = await guesser(harness, 'ada', `198.51.100.${address}`);
      if ((await guess(codes.next().value ?? '')).status === 400) fromMany += 1;
    }
    expect(fromMany).toBe(4);
    let withMany = 0;
    for (let user = 0; user < 20; user += 1) {
      await harness.addUser(`user${user}`);
      const guess = await guesser(harness, `user${user}`, '203.0.113.1');
      for (let count = 0; count < 3; count += 1)
        if ((await guess(codes.next().value ?? '')).status === 400) withMany += 1;
    }
    expect(withMany).toBe(21);
  });

  it('does not count what cannot be a code', async () => {
    const harness = await openDevices();
    const guess = await guesser(harness, 'ada', '192.0.2.1');
    for (let count = 0; count < 20; count += 1) expect((await guess('WDJB')).status).toBe(400);
    expect(harness.events.some(({ name }) => name === 'request.rate_limited')).toBe(false);
  });
});

it('nothing that is put into a code gets out of its field, or into a header [PITFALL-14]', async () => {
  const harness = await openDevices();
  const browser = harness.device();
  for (const hostile of [
    '"><script>alert(1)</script>',
    'WDJB\r\nset-cookie: a=b',
    '//evil.example/',
    "WDJB-MJHT'",
    '\u202eWDJBMJHT',
  ]) {
    const query = new URLSearchParams({ user_code: hostile });
    const answer = await browser.get(`/device?${query}`);
    expect([303, 400]).toContain(answer.status);
    if (answer.status === 303) expect(answer.headers.get('location')).toBe('/sign-in?for=device');
    const signIn = await browser.get(`/sign-in?${new URLSearchParams({ for: 'device', code: hostile })}`);
    expect(await signIn.text()).not.toMatch(/<script|evil\.example|\u202e/);
  }
  await browser.signIn('ada');
  const fields = await codeFields(browser);
  const typed = await postTo(browser, '/device', { ...fields, user_code: '"><script>alert(1)</script>' });
  expect([typed.status, (await typed.text()).includes('<script')]).toEqual([400, false]);
  const next = await browser.get(`/sign-in?${new URLSearchParams({ for: 'https://evil.example', code: 'x' })}`);
  expect(next.headers.get('location')).toBe('/account');
});

it('devices that ask are limited by address, and told so as scripts are', async () => {
  const harness = await openDevices({ deviceAuthorization: { rateLimit: { limit: 2, windowSeconds: 60 } } });
  const client = await harness.tv();
  const ask = () =>
    harness.send(
      new Request(`${origin}/device_authorization`, {
        method: 'POST',
        body: new URLSearchParams({ client_id: client.clientId }),
      }),
      { clientAddress: '192.0.2.9' },
    );
  expect([(await ask()).status, (await ask()).status]).toEqual([200, 200]);
  const refused = await ask();
  expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([429, '*']);
  expect(refused.headers.get('content-type')).toContain('application/json');
});

it('no more devices wait than the server is to keep, and it says how to keep more', async () => {
  const harness = await openDevices({ deviceAuthorization: { maximumWaiting: 1 } });
  const client = await harness.tv();
  await client.startDevice();
  const full = await client.post('deviceAuthorization', {});
  expect([full.status, full.body['error']]).toEqual([503, 'temporarily_unavailable']);
  expect(harness.events.some(({ reason }) => reason?.includes('deviceAuthorization.maximumWaiting'))).toBe(true);
});
