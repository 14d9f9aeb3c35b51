import { displayText } from '../display-text.ts';
import { buttonForm, type FormProps } from '../forms.ts';
import { type Html, html } from '../markup.ts';
import { moment } from '../times.ts';
import { summariseUserAgent } from '../user-agent.ts';

/** Name of the field that a session's sign-out button posts. */
export const sessionField = 'session';

/** One browser in which the user is signed in. Times are milliseconds since the epoch. */
export interface AccountSession {
  /** An identifier that is not the session secret. */
  readonly id: string;
  /** Whether it is the session that looks at the page. */
  readonly current: boolean;
  /** As the browser sent it. */
  readonly userAgent?: string | undefined;
  readonly address?: string | undefined;
  readonly signedInAt: number;
  readonly lastSeenAt: number;
}

export interface SessionListProps {
  readonly list: readonly AccountSession[];
  readonly signOut: FormProps;
  readonly signOutElsewhere: FormProps;
}

/** The card of the user's sessions, this device first. */
export function sessionList(props: SessionListProps, now: number): Html {
  const others = props.list.filter((session) => !session.current);
  const ordered = [...props.list.filter((session) => session.current), ...others];
  return html`<section class="card stack" aria-labelledby="sessions">
<div class="card-head"><div class="stack-small"><h2 id="sessions">Where you are signed in</h2>
<p class="quiet">${others.length === 0 ? 'Only on this device.' : 'Sign out wherever you do not recognise the browser, then change your password.'}</p></div>
${others.length > 0 && buttonForm(props.signOutElsewhere, { label: 'Sign out everywhere else', tone: 'plain' })}</div>
<ul class="rows">${ordered.map((session) => sessionRow(session, props.signOut, now))}</ul>
</section>`;
}

function sessionRow(session: AccountSession, signOut: FormProps, now: number): Html {
  const browser = summariseUserAgent(session.userAgent);
  const address = displayText(session.address, 'Unknown address');
  return html`<li class="row"><div class="stack-small">
<h3><bdi>${browser}</bdi>${session.current && html` <span class="badge known">This device</span>`}</h3>
<p class="small quiet">${address}</p>
<p class="small quiet">Last seen ${moment(session.lastSeenAt, now)}</p>
<p class="small quiet">Signed in ${moment(session.signedInAt, now)}</p></div>
${
  !session.current &&
  buttonForm(
    { ...signOut, hidden: { ...signOut.hidden, [sessionField]: session.id } },
    { label: 'Sign out', hiddenLabel: `of ${browser}, ${address}`, tone: 'plain' },
  )
}</li>`;
}
