import { describe, expect, it } from 'vitest';
import { checkNewUser } from '../../src/identity/users/user.ts';
import { describeDestination } from '../../src/web/destination.ts';
import { displayText } from '../../src/web/display-text.ts';
import { formActionSource } from '../../src/web/response.ts';
import { summariseUserAgent } from '../../src/web/user-agent.ts';
import { consentPageIn, openConsent } from '../support/consent.ts';
import { addGrant, origin, signInAs } from '../support/identity.ts';

/** What the page says, without its markup. */
function textOf(html: string): string {
  return html.replace(/<(style|head)\b.*?<\/\1>|<[^>]*>/gs, ' ').replace(/\s+/g, ' ');
}

async function consentFor(options: { readonly redirectUri?: string; readonly name?: string }) {
  const harness = await openConsent();
  const { redirectUri = 'https://app.example/cb', name } = options;
  const client = await harness.client({ redirectUri, metadata: name === undefined ? {} : { client_name: name } });
  const device = harness.device();
  await device.signIn();
  return consentPageIn(device.tab(), client.prepareAuthorization().url);
}

describe('a client that dresses up as another by its name', () => {
  it.each([
    ['a blank Braille pattern', '\u2800'],
    ['a Hangul filler', '\u3164\u115f\u1160\uffa0'],
    ['a null note head', '\u{1d159}'],
    ['zero-width characters', '\u200b\u200c\u200d\u2060\ufeff'],
    ['tag characters', '\u{e0001}\u{e0061}'],
    ['combining marks alone', '\u0301\u0302'],
    ['no-break spaces', '\u00a0\u202f\u3000'],
  ])('does not vanish behind %s [RFC7591-16]', (_, name) => {
    expect(displayText(name, 'Unnamed app')).toBe('Unnamed app');
    expect(displayText(`A${name}B`, 'Unnamed app').replace(/\p{M}|\p{Cf}|\s/gu, '')).toBe('AB');
  });

  it('cannot close its element, break out of the title or add a badge of its own [PITFALL-14, RFC7591-16]', async () => {
    const { html } = await consentFor({
      name: '</bdi><span class="badge known">Added by your administrator</span></title>',
    });
    expect(html).not.toContain('class="badge known"');
    expect(html.match(/<title>[^<]*<\/title>/g)).toHaveLength(1);
    expect(html).toContain('class="badge unknown"');
  });

  it('stays marked as unverified whatever it says of itself', async () => {
    const { html } = await consentFor({ name: 'Example Notes (verified, added by your administrator)' });
    expect(textOf(html)).toMatch(/Unverified This app registered itself\. Nobody has checked/);
    expect(html).toContain('<bdi class="name">Example Notes (verified');
  });

  it('keeps a long name from pushing the warning, the destination or Deny off the page', async () => {
    const { html } = await consentFor({ name: 'W '.repeat(100) });
    expect(/<bdi class="name">([^<]*)<\/bdi>/.exec(html)?.[1]?.length).toBeLessThanOrEqual(81);
  });
});

describe('a redirect URI that looks like another', () => {
  it.each([
    ['https://claude.ai.evil.example/cb', 'website', 'claude.ai.evil.example'],
    ['https://localhost.evil.example/cb', 'website', 'localhost.evil.example'],
    ['https://127.0.0.1.evil.example/cb', 'website', '127.0.0.1.evil.example'],
    ['https://claude.ai@evil.example/cb', 'website', 'evil.example'],
    ['https://claude.ai%2f@evil.example/cb', 'website', 'evil.example'],
    ['https://evil.example/claude.ai/cb', 'website', 'evil.example'],
    ['https://EVIL.example/cb', 'website', 'evil.example'],
    ['https://evil.example:443/cb', 'website', 'evil.example'],
    ['https://clau\u0501e.ai/cb', 'website', 'xn--claue-n1e.ai'],
    ['https://claude\u3002ai/cb', 'website', 'claude.ai'],
    ['https://[2001:db8::1]/cb', 'website', '[2001:db8::1]'],
    ['http://2130706433/cb', 'this-computer', '127.0.0.1'],
    ['https://localhost./cb', 'website', 'localhost.'],
  ])('%s is shown as the %s %s', (redirectUri, kind, text) => {
    const { kind: shownKind, text: shown } = describeDestination(redirectUri);
    expect(shownKind).toBe(kind);
    if (!shown.startsWith('xn--')) expect(shown).toBe(text);
    expect(shown).toMatch(/^[\x21-\x7e]+$/);
  });

  it('is shown to its end, however many subdomains stand before the domain that counts [MCP-SEC-17]', async () => {
    const host = `accounts.google.com.${'oauth2-secure-login.'.repeat(10)}evil.example`;
    const { html } = await consentFor({ redirectUri: `https://${host}/cb` });
    expect(html).toContain(`<strong>${host}</strong>`);
    expect(html).not.toMatch(/text-overflow|line-clamp/);
  });

  it.each(['claude.ai', 'accounts.google.com', 'com.example.app'])(
    'whose scheme is called %s is shown as an app, never as a host [RFC7591-16]',
    async (scheme) => {
      const { html } = await consentFor({ redirectUri: `${scheme}:/cb` });
      expect(html).toContain('<strong>An app on this device</strong>');
      expect(html).not.toContain(`<strong>${scheme}`);
      expect(textOf(html)).toContain(`links that begin with ${scheme}:`);
    },
  );

  it('cannot write into the policy that is sent with the page', () => {
    for (const host of ['a;script-src *', 'a,default-src *', "a' 'unsafe-inline", '*', '[::1]']) {
      const uri = `https://${host}/cb`;
      if (URL.canParse(uri)) expect(formActionSource(uri)).toMatch(/^https:(\/\/[a-z0-9.*:-]+)?$/);
    }
  });
});

describe('a user name that looks like another', () => {
  it.each([
    'admin\u1160',
    '\u3164',
    'ad\u200dmin',
    'admin\ufe0f',
    '\u202enimda',
    'a\u{e0061}b',
    'ad min',
    'admin\u00a0',
    'admin\u0000',
    '<b>',
    'a"b',
    "a'b",
    'a;b',
  ])('%j is refused', (userName) => {
    expect(() => checkNewUser({ userName, passwordHash: '' })).toThrow(/A user name has/);
  });

  it.each(['Иван', 'josé', 'أحمد', '太郎', 'ada@example.com', 'o.hara-2_x+1'])('%s is accepted', (userName) => {
    expect(checkNewUser({ userName, passwordHash: '' }).userName).toBe(userName.normalize('NFKC'));
  });
});

describe('text that a stranger leaves on the account page', () => {
  it('is text there: user agents, addresses and client names [PITFALL-14, OAUTH21-68]', async () => {
    const harness = await openConsent();
    const hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>\'`';
    const ada = await harness.services.users.findByName('ada');
    const request = new Request(origin, { headers: { 'user-agent': hostile } });
    if (ada === undefined) throw new Error('there is no ada');
    await harness.services.sessions.start(ada, request, { clientAddress: hostile });
    await addGrant(harness, ada.userId, hostile, `grant${hostile}`);
    const { html } = await signInAs(harness.browser(), 'ada');
    expect(html).not.toMatch(/<script|<img|onerror=alert\(1\)>['"`]/);
    expect(html.match(/&lt;script&gt;/g)?.length).toBeGreaterThanOrEqual(3);
    expect(summariseUserAgent('\u202e\u0000\u001b[2J')).not.toMatch(/\p{Cc}|\p{Cf}/u);
  });
});
