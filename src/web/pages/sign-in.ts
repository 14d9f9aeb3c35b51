import { clientName } from '../display-text.ts';
import { button, buttonForm, type FormProps, field, form, notice } from '../forms.ts';
import { page, type Site } from '../layout.ts';
import { type Html, html } from '../markup.ts';
import { waitingTime } from '../times.ts';

/** Names of the fields that the sign-in form posts. What waits for the sign-in travels in `form.hidden`. */
export const signInFields = { username: 'username', password: 'password', request: 'request' } as const;

const problemId = 'sign-in-problem';

export interface SignInPageProps {
  readonly site: Site;
  readonly form: FormProps;
  /** The client that the user goes on to. Its name is a stranger's text. */
  readonly client?: { readonly name: string | undefined } | undefined;
  /** Whether the user goes on to enter the code of a device. */
  readonly isForDevice?: boolean | undefined;
  /** What was typed before. The password is never shown again. */
  readonly username?: string | undefined;
  /** Why the last attempt failed, the same words whether the user exists or not. */
  readonly error?: string | undefined;
  /** How long to wait before another attempt can succeed, in seconds. */
  readonly retryAfterSeconds?: number | undefined;
  /** Good news from the step before, such as "Your password is changed." */
  readonly notice?: string | undefined;
  /** The user is signed in already and proves it again (`prompt=login`, `max_age`, a sensitive change). */
  readonly reauthenticate?: ReauthenticateProps | undefined;
}

export interface ReauthenticateProps {
  readonly username: string;
  readonly displayName: string;
  /** How long ago the user may have signed in at most, for what the app asks for, in seconds. Absent or 0: it just asks. */
  readonly withinSeconds?: number | undefined;
  /** "Sign in as someone else". */
  readonly switchUser?: FormProps | undefined;
}

/** The sign-in page, alone or on the way to a client, and its variant that asks a signed-in user for the password again. */
export function signInPage(props: SignInPageProps): Html {
  const again = props.reauthenticate;
  const title = again === undefined ? 'Sign in' : 'Confirm it is you';
  const problem = problemText(props);
  const username = again?.username ?? props.username;
  const describedBy = problem === undefined ? undefined : problemId;
  const fields = [
    field({
      name: signInFields.username,
      label: 'User name',
      autocomplete: 'username',
      value: username,
      need: again === undefined ? 'required' : 'fixed',
      maxLength: 254,
      describedBy,
      focus: username === undefined ? 'first' : undefined,
    }),
    field({
      name: signInFields.password,
      label: 'Password',
      type: 'password',
      autocomplete: 'current-password',
      describedBy,
      focus: username === undefined ? undefined : 'first',
    }),
    button({ label: again === undefined ? 'Sign in' : 'Continue', width: 'wide' }),
  ];
  const body = html`<div class="card stack-large"><div class="stack"><div class="stack-small"><h1>${title}</h1>${lead(props)}</div>
${props.notice !== undefined && notice({ tone: 'success', body: props.notice })}${
  problem !== undefined && notice({ tone: 'error', body: problem, id: problemId })
}</div>
${form(props.form, html`${fields}`, 'stack')}
${again?.switchUser !== undefined && html`<div>${buttonForm(again.switchUser, { label: 'Sign in as someone else', tone: 'link' })}</div>`}</div>`;
  return page({ title: problem === undefined ? title : `Error: ${title}`, site: props.site, body });
}

function lead(props: SignInPageProps): Html {
  const asks =
    props.client !== undefined &&
    html`<p class="quiet clip">${clientName(props.client.name)} asks to use ${props.site.name}.</p>`;
  if (props.reauthenticate !== undefined) return html`${asks}${again(props.reauthenticate, props.client)}`;
  if (asks !== false) return asks;
  if (props.isForDevice === true) return html`<p class="quiet">to connect a device to ${props.site.name}</p>`;
  return html`<p class="quiet">to your account at ${props.site.name}</p>`;
}

function again({ displayName, withinSeconds = 0 }: ReauthenticateProps, client: SignInPageProps['client']): Html {
  if (client === undefined) return html`<p class="quiet">${displayName}, enter your password to go on.</p>`;
  const why =
    withinSeconds === 0
      ? 'It wants you to sign in again'
      : `What it asks for needs you to have signed in within the last ${waitingTime(withinSeconds)}`;
  return html`<p class="quiet">${why}. ${displayName}, enter your password to go on.</p>`;
}

function problemText(props: SignInPageProps): Html | undefined {
  const { error, retryAfterSeconds } = props;
  if (error === undefined && retryAfterSeconds === undefined) return undefined;
  return html`${error !== undefined && html`<p>${error}</p>`}${
    retryAfterSeconds !== undefined &&
    html`<p>Too many attempts. Wait ${waitingTime(retryAfterSeconds)}, then try again.</p>`
  }`;
}
