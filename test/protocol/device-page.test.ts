import { expect, it } from 'vitest';
import { sql } from '../../src/core/database.ts';
import { tokensOf } from '../../src/testing/test-client.ts';
import { allowAll, codeFields, decisionFields, enterCode, openDevices, postTo } from '../support/devices.ts';
import { onPage, origin } from '../support/identity.ts';
import { testUser } from '../support/portcullis-harness.ts';

const pending = { error: 'authorization_pending' };

it('a user signs in, comes back to the same code, compares, allows, and is told to return to the device [RFC8628-06, RFC8628-07, RFC8628-08, RFC8628-16]', async () => {
  const { clock, device, tv } = await openDevices();
  const client = await tv();
  const started = await client.startDevice({ scope: 'read write' });
  clock.advance(130_000);
  const tab = device().tab();

  expect(onPage(await tab.visit(started.url)).html).toContain('to connect a device to Example Notes');
  const entry = onPage(await tab.submit({ username: 'ada', password: testUser.password }));
  expect(entry.url.href).toBe(started.url.href);
  expect(entry.html).toContain(`value="${started.userCode}"`);
  expect((await client.poll(started)).body).toMatchObject(pending);

  const consent = onPage(await tab.submit({ user_code: started.userCode }));
  for (const text of ['Living Room', started.userCode, 'an address that is not known', '2 minutes ago', 'Read notes'])
    expect(consent.html).toContain(text);
  expect(consent.html).toContain('you have just started this on it yourself');
  expect(consent.html).not.toContain('Sends you to');
  const policy = consent.headers.get('content-security-policy');
  expect(policy).toContain("form-action 'self'");

  const done = onPage(await tab.submit({ decision: 'allow' }));
  expect(done.html).toContain('You can return to your device');
  expect(tokensOf(await client.poll(started)).scope).toBe('read write');
  expect(onPage(await tab.visit(`${origin}/account`)).html).toContain('Living Room');
});

it('the address that the device asked from is shown, and nothing else of its request is taken from it', async () => {
  const { device, send, tv } = await openDevices();
  const client = await tv();
  const ask = new Request(`${origin}/device_authorization`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: client.clientId }),
    headers: { 'x-forwarded-for': '203.0.113.9' },
  });
  const answer = (await (await send(ask, { clientAddress: '2001:db8::7' })).json()) as { user_code: string };
  const browser = device();
  await browser.signIn();
  const { html } = await enterCode(browser, answer.user_code);
  expect(html).toContain('at 2001:db8::7, just now');
  expect(html).not.toContain('203.0.113.9');
});

it('a code may be typed in any spelling [RFC8628-18]', async () => {
  const { device, tv } = await openDevices();
  const client = await tv();
  const { userCode } = await client.startDevice();
  const browser = device();
  await browser.signIn();
  for (const typed of [
    userCode,
    userCode.toLowerCase(),
    userCode.replace('-', ''),
    ` ${userCode.replace('-', ' – ')} `,
  ])
    expect((await enterCode(browser, typed)).html).toContain(userCode);
});

it('an optional scope that is unticked is not granted; a required one is, whatever the form says', async () => {
  const { device, tv } = await openDevices();
  const client = await tv();
  const started = await client.startDevice({ scope: 'read write delete' });
  const browser = device();
  await browser.signIn();
  const page = await enterCode(browser, started.userCode);
  const { 'scope:write': _, 'scope:read': __, ...fields } = decisionFields(page);
  expect((await postTo(browser, '/device/decision', { ...fields, decision: 'allow' })).status).toBe(303);
  expect(tokensOf(await client.poll(started)).scope).toBe('read delete');
});

it('a scope that was not asked for, or is not the user’s to grant, is not granted by adding it to the form [RFC8628-06]', async () => {
  const { addUser, device, services, tv } = await openDevices();
  const eve = await addUser('eve');
  await services.users.setGrantableScopes(eve.userId, ['read', 'write']);
  const client = await tv();
  const started = await client.startDevice({ scope: 'read delete' });
  const browser = device();
  await browser.signIn('eve');
  const page = await enterCode(browser, started.userCode);
  expect(page.html).not.toContain('Delete notes');
  const widened = { ...decisionFields(page), 'scope:write': 'on', 'scope:delete': 'on', decision: 'allow' };
  expect((await postTo(browser, '/device/decision', widened)).status).toBe(303);
  expect(tokensOf(await client.poll(started)).scope).toBe('read');
});

it('what an administrator takes from the user between page and decision is not granted, and the page is shown anew', async () => {
  const { device, services, tv } = await openDevices({
    scopes: { read: {}, write: { optional: false } },
    requiredScopes: ['read'],
  });
  const ada = await services.users.findByName('ada');
  const client = await tv({ scope: 'read write' });
  const started = await client.startDevice({ scope: 'read write' });
  const browser = device();
  await browser.signIn();
  const fields = decisionFields(await enterCode(browser, started.userCode));
  await services.users.setGrantableScopes(ada?.userId ?? '', ['read']);
  const again = await postTo(browser, '/device/decision', { ...fields, decision: 'allow' });
  expect([again.status, (await again.text()).includes('name="decision"')]).toEqual([200, true]);
  expect((await client.poll(started)).body).toMatchObject(pending);
});

it('a user who may not grant what is needed changes nothing: somebody else still can', async () => {
  const { addUser, device, services, tv } = await openDevices();
  const eve = await addUser('eve');
  await services.users.setGrantableScopes(eve.userId, ['write']);
  const client = await tv();
  const started = await client.startDevice({ scope: 'read' });
  const browser = device();
  await browser.signIn('eve');
  const refused = await postTo(browser, '/device', { ...(await codeFields(browser)), user_code: started.userCode });
  expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('You may not allow this')]);
  const other = device();
  await other.signIn('ada');
  expect((await allowAll(other, started)).headers.get('location')).toBe('/device?done=allowed');
  tokensOf(await client.poll(started));
});

it('where a scope demands a recent sign-in, the user signs in again on the way, and the token says when', async () => {
  const { clock, device, portcullis, tv } = await openDevices({
    scopes: { read: {}, admin: { signIn: { maxAgeSeconds: 300 } } },
    requiredScopes: [],
  });
  const client = await tv({ scope: 'read admin' });
  const browser = device();
  await browser.signIn();
  clock.advance(400_000);
  const started = await client.startDevice({ scope: 'read admin' });
  const code = { ...(await codeFields(browser)), user_code: started.userCode };
  const again = (await postTo(browser, '/device', code)).headers.get('location') ?? '';
  expect(again).toBe(`/sign-in?for=device&code=${started.userCode}&again=1`);
  const tab = browser.tab();
  await tab.visit(`${origin}${again}`);
  const entry = onPage(await tab.submit({ password: testUser.password }));
  expect(entry.url.href).toBe(started.url.href);
  await tab.submit({ user_code: started.userCode });
  await tab.submit({ decision: 'allow' });
  const { accessToken } = tokensOf(await client.poll(started));
  const { claims } = (await portcullis.verifyToken(accessToken)) ?? {};
  expect(claims).toMatchObject({ auth_time: clock.now() / 1000, amr: ['pwd'] });
});

it('a denial ends the request; the code is good for nothing any more [RFC8628-12, RFC8628-17]', async () => {
  const { device, tv } = await openDevices();
  const client = await tv();
  const started = await client.startDevice();
  const browser = device();
  await browser.signIn();
  const fields = decisionFields(await enterCode(browser, started.userCode));
  const denied = await postTo(browser, '/device/decision', { ...fields, decision: 'deny' });
  expect(denied.headers.get('location')).toBe('/device?done=denied');
  expect((await client.poll(started)).body).toMatchObject({ error: 'access_denied' });
  expect((await postTo(browser, '/device/decision', { ...fields, decision: 'allow' })).status).toBe(400);
  const code = { ...(await codeFields(browser)), user_code: started.userCode };
  expect((await postTo(browser, '/device', code)).status).toBe(400);
  expect((await client.poll(started)).body).toMatchObject({ error: 'access_denied' });
});

it('an expired code is not shown, and not decided on [RFC8628-13, RFC8628-17]', async () => {
  const { clock, device, tv } = await openDevices();
  const client = await tv();
  const started = await client.startDevice();
  const browser = device();
  await browser.signIn();
  const fields = decisionFields(await enterCode(browser, started.userCode));
  clock.advance(600_000);
  const late = await postTo(browser, '/device/decision', { ...fields, decision: 'allow' });
  expect([late.status, await late.text()]).toEqual([400, expect.stringContaining('does not wait any more')]);
  expect(
    (await postTo(browser, '/device', { ...(await codeFields(browser)), user_code: started.userCode })).status,
  ).toBe(400);
  expect((await client.poll(started)).body).toMatchObject({ error: 'expired_token' });
});

it('nothing is remembered: the next device of the same client is asked for anew [RFC8628-08, RFC8628-16]', async () => {
  const { device, services, tv } = await openDevices();
  const client = await tv();
  const browser = device();
  await browser.signIn();
  await allowAll(browser, await client.startDevice());
  expect(await services.database.read('SELECT count(*) AS n FROM consents')).toEqual([{ n: 0 }]);
  const { html } = await enterCode(browser, (await client.startDevice()).userCode);
  expect(html).not.toContain('Already allowed');
});

it('a user who is disabled between approval and poll leaves the device nothing [PITFALL-20]', async () => {
  const { device, services, tv } = await openDevices();
  const client = await tv();
  const started = await client.startDevice();
  const browser = device();
  await browser.signIn();
  await allowAll(browser, started);
  const ada = await services.users.findByName('ada');
  await services.users.setStatus(ada?.userId ?? '', 'disabled');
  expect((await client.poll(started)).body).toMatchObject({ error: 'invalid_grant' });
});

it('a user who is disabled between page and decision decides nothing [PITFALL-20]', async () => {
  const { device, services, tv } = await openDevices();
  const client = await tv();
  const started = await client.startDevice();
  const browser = device();
  await browser.signIn();
  const fields = decisionFields(await enterCode(browser, started.userCode));
  await services.database.write(sql("UPDATE users SET status = 'disabled'"));
  const response = await postTo(browser, '/device/decision', { ...fields, decision: 'allow' });
  expect(response.headers.get('location')).toBe('/sign-in?for=device');
  expect((await client.poll(started)).body).toMatchObject(pending);
});

it('the page says what was done only where its own form led there', async () => {
  const { device } = await openDevices();
  const browser = device();
  await browser.signIn();
  const fromElsewhere = await browser.get('/device?done=allowed', { 'sec-fetch-site': 'cross-site' });
  expect(await fromElsewhere.text()).not.toContain('You can return to your device');
});

it('where devices are off there is no page for them [RFC8628-01]', async () => {
  const { portcullis } = await openDevices({ deviceAuthorization: { enabled: false } });
  for (const path of ['/device', '/device/decision', '/device_authorization'])
    expect(await portcullis.handle(new Request(`${origin}${path}`))).toBeUndefined();
});
