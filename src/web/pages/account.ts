import { buttonForm, type FieldErrors, type FormProps, notice } from '../forms.ts';
import { page, type Site } from '../layout.ts';
import { type Html, html } from '../markup.ts';
import { moment } from '../times.ts';
import { type ConnectedApp, connectedApps } from './account-apps.ts';
import { type ChangePasswordField, changePassword } from './account-password.ts';
import { type AccountSession, sessionList } from './account-sessions.ts';

export interface AccountPageProps {
  readonly site: Site;
  /** The time of this page, milliseconds since the epoch. */
  readonly now: number;
  readonly user: {
    readonly username: string;
    readonly displayName: string;
    readonly email?: string | undefined;
    readonly role: 'admin' | 'user';
    /** Milliseconds since the epoch. */
    readonly createdAt?: number | undefined;
  };
  /** What was just done, such as "Your password is changed." */
  readonly notice?: string | undefined;
  readonly signOut: FormProps;
  readonly password: {
    readonly form: FormProps;
    readonly errors?: FieldErrors<ChangePasswordField>;
    /** In characters. */
    readonly minimumLength: number;
    /** Milliseconds since the epoch. */
    readonly changedAt?: number | undefined;
  };
  readonly sessions: {
    readonly list: readonly AccountSession[];
    /** Ends one session, whose id it posts as `session`. */
    readonly signOut: FormProps;
    readonly signOutElsewhere: FormProps;
  };
  readonly apps: {
    readonly list: readonly ConnectedApp[];
    /** Revokes one grant, whose id it posts as `grant`. */
    readonly revoke: FormProps;
  };
}

/** The signed-in user's own page: profile, connected apps, sessions, password. */
export function accountPage(props: AccountPageProps): Html {
  const { user, now } = props;
  const body = html`<div class="card stack-large">
<div class="card-head"><div class="stack-small"><h1>${user.displayName}</h1><p class="quiet">Your account at ${props.site.name}</p></div>
${buttonForm(props.signOut, { label: 'Sign out', tone: 'plain' })}</div>
${props.notice !== undefined && notice({ tone: 'success', body: props.notice })}
<dl class="facts">
<div><dt>User name</dt><dd>${user.username}</dd></div>
<div><dt>E-mail address</dt><dd>${user.email ?? html`<span class="quiet">None</span>`}</dd></div>
<div><dt>Role</dt><dd>${user.role === 'admin' ? 'Administrator' : 'User'}</dd></div>
${user.createdAt !== undefined && html`<div><dt>Member since</dt><dd>${moment(user.createdAt, now)}</dd></div>`}
</dl></div>
${connectedApps(props.apps, now)}
${sessionList(props.sessions, now)}
${changePassword(props.password, user.username, now)}`;
  const failed = Object.values(props.password.errors ?? {}).some((message) => message !== undefined);
  return page({ title: failed ? 'Error: Your account' : 'Your account', site: props.site, body, width: 'wide' });
}
