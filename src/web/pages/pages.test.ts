import { describe, expect, it } from 'vitest';
import { Params } from '../../core/params.ts';
import type { FormProps } from '../forms.ts';
import { type AccountPageProps, accountPage } from './account.ts';
import { type ConsentPageProps, consentPage, consentScopeField, readConsentForm } from './consent.ts';
import { userCodePage } from './device.ts';
import { setupPage } from './setup.ts';
import { signInPage } from './sign-in.ts';

const site = { name: 'Notes' };
const hostile = '"><script>alert(1)</script><img src="https://evil.example/logo.png">\u202e';

function to(action: string): FormProps {
  return { action, csrfToken: 'token', hidden: { secret: '"><b>' } };
}

const consent: ConsentPageProps = {
  site,
  form: to('/consent'),
  request: 'r1',
  client: { name: 'Client', registeredBy: 'dynamic' },
  from: { kind: 'redirect', redirectUri: 'http://localhost:9999/cb' },
  resource: { name: 'Notes', url: 'https://notes.example/mcp' },
  user: { username: 'ada', displayName: 'Ada' },
  switchUser: to('/switch'),
  scopes: [
    { name: 'read', title: 'Read', description: 'Reads.', tools: ['list'], need: 'required', alreadyAllowed: true },
    { name: 'write', tools: [], need: 'optional', alreadyAllowed: false },
  ],
  lastsDays: 180,
  accountUrl: '/account',
};

const account: AccountPageProps = {
  site,
  now: 1_800_000_000_000,
  user: { username: 'ada', displayName: 'Ada', role: 'user' },
  signOut: to('/sign-out'),
  password: { form: to('/password'), minimumLength: 12 },
  sessions: {
    list: [
      { id: 's1', current: true, signedInAt: 1_799_000_000_000, lastSeenAt: 1_800_000_000_000 },
      {
        id: 's2',
        current: false,
        userAgent: hostile,
        address: hostile,
        signedInAt: 1_799_000_000_000,
        lastSeenAt: 1_799_999_000_000,
      },
    ],
    signOut: to('/sessions'),
    signOutElsewhere: to('/sessions/others'),
  },
  apps: {
    list: [
      {
        grantId: 'g1',
        client: { name: hostile, registeredBy: 'dynamic' },
        resource: 'Notes',
        scopeTitles: [hostile],
        grantedAt: 1_799_000_000_000,
      },
    ],
    revoke: to('/revoke'),
  },
};

describe('hostile text', () => {
  const pages = {
    consent: consentPage({
      ...consent,
      client: { name: hostile, registeredBy: 'administrator' },
      user: { username: hostile, displayName: hostile },
      request: hostile,
      scopes: [
        { name: 'x', title: hostile, description: hostile, tools: [hostile], need: 'optional', alreadyAllowed: false },
      ],
    }),
    'sign-in': signInPage({
      site,
      form: to('/sign-in'),
      client: { name: hostile },
      username: hostile,
      error: hostile,
    }),
    'consent for a device': consentPage({
      ...consent,
      client: { name: hostile, registeredBy: 'administrator' },
      request: hostile,
      from: { kind: 'device', userCode: hostile, address: hostile, askedAt: 0, now: 60_000 },
    }),
    'user code': userCodePage({
      site,
      form: to('/device'),
      user: { username: hostile, displayName: hostile },
      switchUser: to('/switch'),
      typed: hostile,
      isUnknown: true,
    }),
    account: accountPage(account),
    setup: setupPage({
      state: 'open',
      site,
      form: to('/setup'),
      values: { username: hostile, displayName: hostile, email: hostile },
      errors: { username: hostile },
      minimumPasswordLength: 12,
    }),
  };

  it.each(Object.entries(pages))('makes no element on the %s page [PITFALL-14]', (_name, page) => {
    const text = String(page);
    expect(text).not.toContain('<script');
    expect(text).not.toContain('<img');
    expect(text).not.toContain('<b>');
    expect(text.match(/<title>[^<]*<\/title>/g)).toHaveLength(1);
  });

  it('cannot reorder the words around a client name', () => {
    expect(String(consentPage({ ...consent, client: { name: hostile, registeredBy: 'dynamic' } }))).not.toContain(
      '\u202e',
    );
  });
});

describe('the consent page', () => {
  const text = String(consentPage(consent));

  it('names the client and lists what it asks for, with the tools that each scope unlocks [MCP-BP-04, MCP-BP-05]', () => {
    expect(text).toContain('<bdi class="name">Client</bdi> wants access to Notes');
    expect(text).toContain('<span class="title">Read</span>');
    expect(text).toContain('<code>list</code>');
    expect(text).toContain('<span class="title">write</span>');
  });

  it('says that a client registered itself, and who added one that did not', () => {
    expect(text).toContain('Unverified');
    const known = String(consentPage({ ...consent, client: { name: 'Client', registeredBy: 'administrator' } }));
    expect(known).toContain('Added by your administrator');
    expect(known).not.toContain('Unverified');
  });

  it('names the host that the browser goes to and warns of this computer [MCP-BP-06, MCP-SEC-17]', () => {
    expect(text).toContain('localhost:9999');
    expect(text).toContain('An app on this computer');
  });

  it('posts a required scope whatever is ticked, and an optional one only when ticked', () => {
    expect(text).toMatch(/<input type="checkbox" id="scope-0" checked disabled/);
    expect(text).toContain('<input type="hidden" name="scope:read" value="on">');
    expect(text).toMatch(/<input type="checkbox" id="scope-1" name="scope:write" value="on" checked/);
  });

  it('offers Deny first, so that Enter in the form never allows', () => {
    expect(text.indexOf('value="deny"')).toBeGreaterThan(0);
    expect(text.indexOf('value="deny"')).toBeLessThan(text.indexOf('value="allow"'));
  });
});

describe('a posted consent form', () => {
  const offered = consent.scopes;
  const read = (fields: Record<string, string>) =>
    readConsentForm(Params.parse(new URLSearchParams(fields).toString()), offered);

  it('grants the required scopes and the ticked ones', () => {
    expect(read({ decision: 'allow', [consentScopeField('write')]: 'on' })).toEqual({
      decision: 'allow',
      scopes: ['read', 'write'],
    });
    expect(read({ decision: 'allow' })).toEqual({ decision: 'allow', scopes: ['read'] });
  });

  it('grants nothing that was not offered', () => {
    expect(read({ decision: 'allow', [consentScopeField('admin')]: 'on' })?.scopes).toEqual(['read']);
  });

  it('grants nothing when denied, and decides nothing without a decision', () => {
    expect(read({ decision: 'deny', [consentScopeField('write')]: 'on' })).toEqual({ decision: 'deny', scopes: [] });
    expect(read({ [consentScopeField('write')]: 'on' })).toBeUndefined();
    expect(read({ decision: 'ALLOW' })).toBeUndefined();
  });
});

describe('the sign-in page', () => {
  it('never sends a password back, and posts the waiting request', () => {
    const text = String(
      signInPage({
        site,
        form: { ...to('/sign-in'), hidden: { request: 'r1' } },
        username: 'ada',
        error: 'Wrong.',
      }),
    );
    expect(text).toContain('<input type="hidden" name="request" value="r1">');
    expect(text).toMatch(/name="password" type="password" autocomplete="current-password"(?![^>]* value=)/);
    expect(text).toMatch(/role="alert"/);
    expect(text).toContain('<title>Error: Sign in · Notes</title>');
  });

  it('says how long to wait after too many attempts', () => {
    expect(String(signInPage({ site, form: to('/sign-in'), retryAfterSeconds: 90 }))).toContain('Wait 2 minutes');
  });

  it('fixes the user name when a signed-in user proves it again', () => {
    const text = String(
      signInPage({ site, form: to('/sign-in'), reauthenticate: { username: 'ada', displayName: 'Ada' } }),
    );
    expect(text).toMatch(/name="username"[^>]* value="ada"[^>]* readonly/);
  });
});

describe('the account page', () => {
  const text = String(accountPage(account));

  it('gives every button of a list its own name for screen readers', () => {
    expect(text).toMatch(/Revoke<span class="visually-hidden"> access of /);
    expect(text).toMatch(/Sign out<span class="visually-hidden"> of /);
  });

  it('cannot end the session that looks at it from the list', () => {
    expect(text).toContain('name="session" value="s2"');
    expect(text).not.toContain('name="session" value="s1"');
  });

  it('says so where there is nothing', () => {
    const empty = String(
      accountPage({
        ...account,
        apps: { ...account.apps, list: [] },
        sessions: { ...account.sessions, list: account.sessions.list.slice(0, 1) },
      }),
    );
    expect(empty).toContain('No app has access');
    expect(empty).toContain('Only on this device');
    expect(empty).not.toContain('Sign out everywhere else');
  });
});

describe('the set-up page', () => {
  it.each(['used', 'expired'] as const)('offers no form when its link is %s', (state) => {
    const text = String(setupPage({ state, site, signInUrl: '/sign-in' }));
    expect(text).not.toContain('<form');
    expect(text).toContain('href="/sign-in"');
  });

  it('ties each error to its field', () => {
    const text = String(
      setupPage({
        state: 'open',
        site,
        form: to('/setup'),
        errors: { password_again: 'They differ.' },
        minimumPasswordLength: 12,
      }),
    );
    expect(text).toContain('<a href="#field-password_again">They differ.</a>');
    expect(text).toMatch(
      /id="field-password_again"[^>]* aria-invalid="true" aria-describedby="field-password_again-error"/,
    );
  });
});
