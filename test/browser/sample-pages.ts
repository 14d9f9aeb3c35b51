import { OAuthError } from '../../src/core/errors.ts';
import { authorizationErrorPage } from '../../src/web/errors.ts';
import type { FormProps } from '../../src/web/forms.ts';
import type { Html } from '../../src/web/markup.ts';
import { type AccountPageProps, accountPage } from '../../src/web/pages/account.ts';
import { type ConsentPageProps, consentPage } from '../../src/web/pages/consent.ts';
import { deviceDonePage, type UserCodePageProps, userCodePage } from '../../src/web/pages/device.ts';
import { errorPage } from '../../src/web/pages/error.ts';
import { homePage } from '../../src/web/pages/home.ts';
import { setupPage } from '../../src/web/pages/setup.ts';
import { signInPage } from '../../src/web/pages/sign-in.ts';
import { signedOutPage } from '../../src/web/pages/signed-out.ts';

const site = { name: 'Harbour Notes', homeUrl: '/' };
const now = Date.UTC(2026, 10, 23, 9, 30);
const minute = 60_000;
const day = 86_400_000;

function to(action: string): FormProps {
  return { action, csrfToken: 'sample-token' };
}

/** A name that a hostile client might register: markup, a direction override, a tower of marks, no end. */
export const hostileName = `<script>alert(1)</script>"'\u202egnp.edualC\u0301${'\u0301'.repeat(60)} ${'W'.repeat(4000)}`;

export const consentProps: ConsentPageProps = {
  site: { name: site.name },
  form: to('/consent'),
  request: 'r1',
  client: { name: 'Claude Code', registeredBy: 'dynamic' },
  from: { kind: 'redirect', redirectUri: 'http://localhost:53682/callback' },
  resource: { name: 'Harbour Notes', url: 'https://notes.harbour.example/mcp' },
  user: { username: 'ada', displayName: 'Ada Lovelace' },
  switchUser: to('/sign-in/switch'),
  scopes: [
    {
      name: 'notes:read',
      title: 'Read your notes',
      description: 'See the titles and text of every note that you keep here.',
      tools: ['list_notes', 'read_note', 'search_notes'],
      need: 'required',
      alreadyAllowed: false,
    },
    {
      name: 'notes:write',
      title: 'Write notes for you',
      description: 'Add notes and change the ones that you have.',
      tools: ['create_note', 'update_note'],
      need: 'optional',
      alreadyAllowed: false,
    },
    {
      name: 'notes:delete',
      title: 'Delete your notes',
      description: 'Remove notes for good.',
      tools: ['delete_note'],
      need: 'optional',
      alreadyAllowed: false,
    },
  ],
  lastsDays: 180,
  accountUrl: '/account',
};

const accountProps: AccountPageProps = {
  site,
  now,
  user: {
    username: 'ada',
    displayName: 'Ada Lovelace',
    email: 'ada@harbour.example',
    role: 'admin',
    createdAt: now - 200 * day,
  },
  signOut: to('/sign-out'),
  password: { form: to('/account/password'), minimumLength: 12, changedAt: now - 40 * day },
  sessions: {
    list: [
      {
        id: 's2',
        current: false,
        userAgent:
          'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1',
        address: '2001:db8::17',
        signedInAt: now - 3 * day,
        lastSeenAt: now - 5 * 60 * minute,
      },
      {
        id: 's1',
        current: true,
        userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
        address: '192.0.2.14',
        signedInAt: now - 20 * minute,
        lastSeenAt: now,
      },
    ],
    signOut: to('/account/sessions'),
    signOutElsewhere: to('/account/sessions/others'),
  },
  apps: {
    list: [
      {
        grantId: 'g1',
        client: { name: 'Claude Code', registeredBy: 'dynamic' },
        resource: 'Harbour Notes',
        scopeTitles: ['Read your notes', 'Write notes for you'],
        grantedAt: now - 12 * day,
        lastUsedAt: now - 3 * minute,
      },
      {
        grantId: 'g3',
        client: { name: 'Sticky Desk', registeredBy: 'metadata_document', documentHost: 'desk.example' },
        resource: 'Harbour Notes',
        scopeTitles: ['Read your notes'],
        grantedAt: now - 20 * day,
      },
      {
        grantId: 'g2',
        client: { name: 'Harbour Assistant', registeredBy: 'administrator' },
        resource: 'Harbour Notes',
        scopeTitles: ['Read your notes'],
        grantedAt: now - 90 * day,
      },
    ],
    revoke: to('/account/apps/revoke'),
  },
};

const userCodeProps: UserCodePageProps = {
  site,
  form: to('/device'),
  user: { username: 'ada', displayName: 'Ada Lovelace' },
  switchUser: to('/sign-out'),
};

/** Every page in every state that looks different, by name. */
export const samplePages: Readonly<Record<string, Html>> = {
  home: homePage({
    site,
    mcpUrl: 'https://notes.harbour.example/mcp',
    clients: [
      {
        name: 'Claude Code',
        snippet: 'claude mcp add --transport http harbour-notes https://notes.harbour.example/mcp',
      },
    ],
    accountUrl: '/account',
    documentationUrl: '/docs',
  }),
  setup: setupPage({ state: 'open', site, form: to('/setup'), minimumPasswordLength: 12 }),
  'setup-errors': setupPage({
    state: 'open',
    site,
    form: to('/setup'),
    values: { username: 'ada', displayName: 'Ada Lovelace', email: 'ada@' },
    errors: { email: 'Enter a whole e-mail address, or none.', password_again: 'The two passwords differ.' },
    minimumPasswordLength: 12,
  }),
  'setup-used': setupPage({ state: 'used', site, signInUrl: '/sign-in' }),
  'setup-expired': setupPage({ state: 'expired', site, signInUrl: '/sign-in' }),
  'sign-in': signInPage({ site, form: to('/sign-in'), client: { name: 'Claude Code' } }),
  'sign-in-plain': signInPage({
    site,
    form: to('/sign-in'),
    notice: 'Your password is changed. Sign in with the new one.',
  }),
  'sign-in-refused': signInPage({
    site,
    form: to('/sign-in'),
    client: { name: 'Claude Code' },
    username: 'ada',
    error: 'The user name or the password is wrong.',
    retryAfterSeconds: 30,
  }),
  'sign-in-again': signInPage({
    site,
    form: to('/sign-in'),
    reauthenticate: { username: 'ada', displayName: 'Ada Lovelace', switchUser: to('/sign-in/switch') },
  }),
  'sign-in-hostile': signInPage({ site, form: to('/sign-in'), client: { name: hostileName } }),
  consent: consentPage(consentProps),
  'consent-known': consentPage({
    ...consentProps,
    client: { name: 'Harbour Assistant', registeredBy: 'administrator' },
    from: { kind: 'redirect', redirectUri: 'https://assistant.harbour.example/oauth/callback' },
    scopes: consentProps.scopes.map((scope, index) => ({
      ...scope,
      alreadyAllowed: index < 2,
      tools: index === 1 ? Array.from({ length: 9 }, (_, tool) => `update_note_field_${tool + 1}`) : scope.tools,
    })),
  }),
  'consent-installed-app': consentPage({
    ...consentProps,
    from: { kind: 'redirect', redirectUri: 'cursor://anysphere.cursor-mcp/oauth/callback' },
  }),
  'consent-website': consentPage({
    ...consentProps,
    client: { name: 'Sticky Desk', registeredBy: 'metadata_document', documentHost: 'desk.example' },
    from: { kind: 'redirect', redirectUri: 'https://desk.example/oauth/callback' },
  }),
  'consent-other-website': consentPage({
    ...consentProps,
    client: { name: 'Claude', registeredBy: 'metadata_document', documentHost: 'xn--clude-1ta.example' },
    from: { kind: 'redirect', redirectUri: 'https://elsewhere.example/oauth/callback' },
  }),
  'consent-published-program': consentPage({
    ...consentProps,
    client: { name: 'Claude Code', registeredBy: 'metadata_document', documentHost: 'claude.example' },
  }),
  'consent-imported': consentPage({
    ...consentProps,
    client: { name: 'Harbour Assistant', registeredBy: 'imported_document', documentHost: 'apps.harbour.example' },
    from: { kind: 'redirect', redirectUri: 'com.example.harbour:/callback' },
  }),
  'consent-long-host': consentPage({
    ...consentProps,
    client: {
      name: hostileName,
      registeredBy: 'metadata_document',
      documentHost: `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.example`,
    },
    from: { kind: 'redirect', redirectUri: `https://${'d'.repeat(63)}.example/callback` },
  }),
  'consent-device': consentPage({
    ...consentProps,
    client: { name: 'Harbour Console', registeredBy: 'administrator' },
    request: 'WDJB-MJHT',
    from: { kind: 'device', userCode: 'WDJB-MJHT', address: '192.0.2.7', askedAt: now - 2 * minute, now },
  }),
  'user-code': userCodePage(userCodeProps),
  'user-code-unknown': userCodePage({ ...userCodeProps, typed: 'WDJB-MJHX', isUnknown: true }),
  'user-code-wait': userCodePage({ ...userCodeProps, typed: 'WDJB-MJHX', retryAfterSeconds: 32 }),
  'user-code-hostile': userCodePage({ ...userCodeProps, typed: hostileName.slice(0, 64), isUnknown: true }),
  'device-allowed': deviceDonePage({ site, outcome: 'allowed', accountUrl: '/account' }),
  'device-denied': deviceDonePage({ site, outcome: 'denied', accountUrl: '/account' }),
  'sign-in-device': signInPage({ site, form: to('/sign-in'), isForDevice: true }),
  'consent-no-scopes': consentPage({ ...consentProps, scopes: [] }),
  'consent-many': consentPage({
    ...consentProps,
    scopes: Array.from({ length: 9 }, (_, index) => ({
      name: `area${index}:write`,
      title:
        index === 2 ? 'Manage everything that other people have written and shared with you' : `Change area ${index}`,
      need: index === 0 ? 'required' : 'optional',
      alreadyAllowed: false,
      tools: Array.from({ length: index * 4 }, (_, tool) => `tool_number_${tool}_of_area_${index}`),
    })),
  }),
  'consent-hostile': consentPage({
    ...consentProps,
    client: { name: hostileName, registeredBy: 'dynamic' },
    from: { kind: 'redirect', redirectUri: `https://${'a'.repeat(60)}.${'b'.repeat(60)}.example/callback` },
  }),
  account: accountPage({ ...accountProps, notice: 'Claude Desktop can no longer act for you.' }),
  'account-empty': accountPage({
    ...accountProps,
    user: { username: 'ada', displayName: 'ada', role: 'user' },
    apps: { ...accountProps.apps, list: [] },
    sessions: { ...accountProps.sessions, list: accountProps.sessions.list.filter(({ current }) => current) },
    password: {
      ...accountProps.password,
      errors: { current_password: 'This is not your current password.' },
    },
  }),
  'account-hostile': accountPage({
    ...accountProps,
    apps: {
      ...accountProps.apps,
      list: accountProps.apps.list.map((app) => ({ ...app, client: { ...app.client, name: hostileName } })),
    },
    sessions: {
      ...accountProps.sessions,
      list: accountProps.sessions.list.map((session) => ({ ...session, userAgent: 'x'.repeat(900) })),
    },
  }),
  'signed-out': signedOutPage({ site, signInUrl: '/sign-in' }),
  error: errorPage({
    site,
    title: 'This page is out of date',
    message: 'It was opened by somebody else, before you signed in, or too long ago. Nothing was done.',
    link: { url: '/account', label: 'Open the page again' },
    requestId: 'b7Jq2mXw0Lr9',
  }),
  'unverified-app': authorizationErrorPage({
    site,
    error: new OAuthError('invalid_client', 'the metadata document of the client cannot be used: it is not valid JSON'),
    requestId: 'b7Jq2mXw0Lr9',
  }),
  'authorization-error': authorizationErrorPage({
    site,
    error: new OAuthError('invalid_redirect_uri', 'redirect_uri is not registered for this client'),
    requestId: 'b7Jq2mXw0Lr9',
  }),
};
