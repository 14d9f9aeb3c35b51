import { describe, expect, it } from 'vitest';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { consentPageIn, expectRefused, hiddenFields, openConsent, redeemed, scopesOn } from '../support/consent.ts';
import { origin } from '../support/identity.ts';

/** A consent page in ada's browser, and a way to change what she may grant while it is open. */
async function openPage(config: PortcullisConfig, scope: string, mayGrant?: readonly string[]) {
  const harness = await openConsent(config);
  const { users } = harness.services;
  const ada = (await users.findByName('ada'))?.userId ?? '';
  await users.setGrantableScopes(ada, mayGrant);
  const [client, device] = [await harness.client(), harness.device()];
  await device.signIn();
  const prepared = client.prepareAuthorization({ scope });
  const page = await consentPageIn(device.tab(), prepared.url);
  return {
    harness,
    client,
    device,
    prepared,
    page,
    setGrantable: (scopes?: string[]) => users.setGrantableScopes(ada, scopes),
  };
}

describe('what is granted is what the page showed', () => {
  const scopes = { read: {}, write: { optional: false }, delete: {} };

  it('a required scope that the user may grant only since the page was opened is shown before it is granted [PITFALL-12]', async () => {
    const { harness, client, device, prepared, page, setGrantable } = await openPage({ scopes }, 'read write', [
      'read',
    ]);
    expect(page.html).not.toContain('scope:write');
    await setGrantable(undefined);
    const again = await device.post({ ...hiddenFields(page), decision: 'allow' });
    const html = await expectRefused(harness, again, 200);
    expect(scopesOn({ html }).required).toEqual(['read', 'write']);
    const response = await device.post({ ...hiddenFields({ html }), decision: 'allow' });
    const tokens = await redeemed(client, prepared, new URL(response.headers.get('location') ?? ''));
    expect(tokens.scope).toBe('read write');
  });

  it('a scope that the user unticked is not granted because it is the only one left meanwhile [PITFALL-12]', async () => {
    const { harness, device, page, setGrantable } = await openPage({ requiredScopes: [] }, 'write delete');
    await setGrantable(['write']);
    const again = await device.post({ ...hiddenFields(page), 'scope:delete': 'on', decision: 'allow' });
    await expectRefused(harness, again, 200);
  });

  it('what the page showed cannot be claimed by another user, browser or request', async () => {
    const { harness, client, device, page, setGrantable } = await openPage({ scopes }, 'read write', ['read']);
    await setGrantable(undefined);
    const other = await consentPageIn(device.tab(), client.prepareAuthorization({ scope: 'read write' }).url);
    for (const shown of [undefined, '', 'A'.repeat(43), hiddenFields(other)['shown']]) {
      await expectRefused(harness, await device.post({ ...hiddenFields(page), shown, decision: 'allow' }), 200);
    }
  });

  it('denying works whatever has changed meanwhile', async () => {
    const { device, page, setGrantable } = await openPage({ scopes }, 'read write', ['read']);
    await setGrantable(undefined);
    const response = await device.post({ ...hiddenFields(page), decision: 'deny' });
    expect(new URL(response.headers.get('location') ?? '').searchParams.get('error')).toBe('access_denied');
  });
});

describe('a page of a stranger that looks for who is signed in', () => {
  const crossSite = { 'sec-fetch-site': 'cross-site' };

  it('learns the same of prompt=none whether anybody is signed in or not, before the user has allowed its client anything', async () => {
    const harness = await openConsent();
    const client = await harness.client();
    const answerFor = async (signedInAs: string | undefined, mayGrant?: readonly string[]) => {
      const device = harness.device();
      if (signedInAs !== undefined) {
        await device.signIn(signedInAs);
        const user = await harness.services.users.findByName(signedInAs);
        await harness.services.users.setGrantableScopes(user?.userId ?? '', mayGrant);
      }
      const started = await device.get(client.prepareAuthorization({ prompt: 'none', state: 'x' }).url, crossSite);
      const response = await device.get(started.headers.get('location') ?? '', crossSite);
      return [response.status, response.headers.get('location'), await response.text()];
    };
    const nobody = await answerFor(undefined);
    expect(nobody[1]).toContain('error=login_required');
    expect(await answerFor('ada')).toEqual(nobody);
    expect(await answerFor('bob', [])).toEqual(nobody);
  });

  it('sees no sign of it in a frame, an image or a script: cookies are not sent there, and nothing may be embedded [MCP-BP-08, MCP-BP-10]', async () => {
    const harness = await openConsent();
    const device = harness.device();
    await device.signIn();
    const response = await device.get('/account');
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    for (const [name, value] of device.cookies) expect(`${name}=${value}`).toMatch(/^__Host-/);
  });
});

describe('a link of a stranger', () => {
  it('cannot make the account page say that something was done', async () => {
    const harness = await openConsent();
    const device = harness.device();
    await device.signIn();
    for (const site of ['cross-site', 'same-site', 'none']) {
      const response = await device.get('/account?done=password-changed', { 'sec-fetch-site': site });
      expect(await response.text(), site).not.toContain('Your password is changed');
    }
    const own = await device.get('/account?done=password-changed', { 'sec-fetch-site': 'same-origin' });
    expect(await own.text()).toContain('Your password is changed');
  });

  it('leads to no other site by way of sign-in and sign-out, whatever its parameters [MCP-SEC-12]', async () => {
    const harness = await openConsent();
    const device = harness.device();
    const elsewhere = [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      'javascript:alert(1)',
      'x&next=//evil.example',
      '../../evil',
    ];
    for (const value of elsewhere) {
      const query = new URLSearchParams({
        request: value,
        next: value,
        return_to: value,
        redirect_uri: value,
        continue: value,
      });
      for (const path of ['/sign-in', '/sign-out', '/account', '/consent', '/setup']) {
        const location = (await device.get(`${path}?${query}`)).headers.get('location');
        expect(new URL(location ?? '/', origin).origin, `${path} ${value}`).toBe(origin);
      }
    }
    await device.signIn();
    for (const value of elsewhere) {
      const response = await device.get(`/sign-in?${new URLSearchParams({ request: value })}`);
      expect(response.headers.get('location')).toMatch(/^\/consent\?request=[^&/\\]*$/);
    }
  });

  it('changes nothing with a GET or a HEAD, whatever form it spells out in its address', async () => {
    const harness = await openConsent();
    const [victim, other] = [harness.device(), harness.device()];
    await victim.signIn();
    await other.signIn();
    for (const action of ['change-password', 'end-session', 'end-other-sessions', 'revoke', 'sign-out']) {
      for (const path of ['/account', '/sign-out', '/sign-in']) {
        await victim.get(`${path}?${new URLSearchParams({ action, session: 'x', grant: 'x', again: '1' })}`);
        await victim.send(new Request(`${origin}${path}?action=${action}`, { method: 'HEAD' }));
      }
    }
    for (const device of [victim, other]) expect((await device.get('/account')).status).toBe(200);
  });
});
