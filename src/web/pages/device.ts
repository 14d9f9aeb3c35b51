import { button, buttonForm, type FormProps, field, form, notice } from '../forms.ts';
import { page, type Site } from '../layout.ts';
import { type Html, html } from '../markup.ts';
import { waitingTime } from '../times.ts';

/** Name of the field that the form posts; the same in the page's address. */
export const userCodeField = 'user_code';

/** What a user decided on a device. */
export type DeviceOutcome = 'allowed' | 'denied';

export interface UserCodePageProps {
  readonly site: Site;
  readonly form: FormProps;
  readonly user: { readonly username: string; readonly displayName: string };
  /** "Not you?": signs out here and asks for another user, keeping the code. */
  readonly switchUser: FormProps;
  /** What is in the field: from the address, or as it was typed. */
  readonly typed?: string | undefined;
  /** No device waits with what was typed. */
  readonly isUnknown?: boolean;
  /** How long to wait before another code can be tried, in seconds. */
  readonly retryAfterSeconds?: number | undefined;
}

const problemId = 'user-code-problem';

/** Where a signed-in user enters the code that a device shows. */
export function userCodePage(props: UserCodePageProps): Html {
  const { site, user, typed, retryAfterSeconds } = props;
  const title = 'Connect a device';
  const problem = problemText(props);
  const fields = [
    field({
      name: userCodeField,
      label: 'Code',
      autocomplete: 'off',
      look: 'user-code',
      hint: 'Eight letters. Capitals, spaces and dashes do not matter.',
      value: typed,
      maxLength: 64,
      error: props.isUnknown === true && retryAfterSeconds === undefined ? unknownCode : undefined,
      describedBy: problem === undefined ? undefined : problemId,
      focus: 'first',
    }),
    button({ label: 'Continue', width: 'wide' }),
  ];
  const body = html`<div class="card stack-large"><div class="stack"><div class="stack-small"><h1>${title}</h1>
<p class="quiet">Enter the code that your device shows, to let it use ${site.name} in your name.</p></div>
${problem !== undefined && notice({ tone: 'error', body: problem, id: problemId })}</div>
<div class="person"><p>Signed in as <strong>${user.displayName}</strong>${
    user.displayName !== user.username && html` <span class="quiet">(${user.username})</span>`
  }</p>
${buttonForm(props.switchUser, { label: 'Not you?', hiddenLabel: 'Sign in as someone else', tone: 'link' })}</div>
${form(props.form, html`${fields}`, 'stack')}
${notice({
  tone: 'warning',
  body: html`<p class="small">Enter a code only if a device of yours shows it now. If somebody sent it to you, or asked you to come here, leave this page: they would get access in your name.</p>`,
})}</div>`;
  return page({ title: problem === undefined && props.isUnknown !== true ? title : `Error: ${title}`, site, body });
}

const unknownCode = 'No device waits with this code. Compare it with the device; if it has expired, start again there.';

function problemText({ retryAfterSeconds }: UserCodePageProps): Html | undefined {
  return retryAfterSeconds === undefined
    ? undefined
    : html`<p>Too many wrong codes. Wait ${waitingTime(retryAfterSeconds)}, then try again.</p>`;
}

/** Says what happens next, after the decision. */
export function deviceDonePage(props: {
  readonly site: Site;
  readonly outcome: DeviceOutcome;
  readonly accountUrl: string;
}): Html {
  const { title, text } = outcomes[props.outcome];
  const body = html`<div class="card stack"><h1>${title}</h1>
<p>${text}</p>
<p class="small quiet">You can close this page. What has access is listed in <a href="${props.accountUrl}">your account</a>.</p></div>`;
  return page({ title, site: props.site, body });
}

const outcomes: Readonly<Record<DeviceOutcome, { readonly title: string; readonly text: string }>> = {
  allowed: {
    title: 'You can return to your device',
    text: 'You allowed it to connect. It goes on by itself within a few seconds.',
  },
  denied: {
    title: 'Nothing was allowed',
    text: 'The device was told that you denied it. If you meant to allow it, start again on the device.',
  },
};
