import {
  button,
  errorSummary,
  type FieldErrors,
  type FormProps,
  field,
  focusOf,
  form,
  newPasswordField,
} from '../forms.ts';
import { page, type Site } from '../layout.ts';
import { type Html, html } from '../markup.ts';

/** Names of the fields that the set-up form posts. */
export const setupFields = {
  username: 'username',
  displayName: 'display_name',
  email: 'email',
  password: 'password',
  passwordAgain: 'password_again',
} as const;

export type SetupField = (typeof setupFields)[keyof typeof setupFields];

/** `open`: the one-time link is good. `used` and `expired`: it is not, and the page says how to go on. */
export type SetupPageProps =
  | {
      readonly state: 'open';
      readonly site: Site;
      /** Carries the link's token in `hidden`. */
      readonly form: FormProps;
      /** What was typed before, when the form is shown again. */
      readonly values?: {
        readonly username?: string | undefined;
        readonly displayName?: string | undefined;
        readonly email?: string | undefined;
      };
      readonly errors?: FieldErrors<SetupField>;
      /** In characters. */
      readonly minimumPasswordLength: number;
    }
  | {
      readonly state: 'used' | 'expired';
      readonly site: Site;
      readonly signInUrl: string;
    };

/** The page behind the one-time set-up link: makes the first administrator. */
export function setupPage(props: SetupPageProps): Html {
  switch (props.state) {
    case 'open':
      return page({ title: 'Create the first administrator', site: props.site, body: openBody(props) });
    case 'used':
      return page({
        title: 'Already set up',
        site: props.site,
        body: html`<div class="card stack"><h1>Already set up</h1>
<p>This link has done its work: the first administrator exists.</p>
<a class="button wide-button" href="${props.signInUrl}">Sign in</a></div>`,
      });
    case 'expired':
      return page({
        title: 'This set-up link is no longer valid',
        site: props.site,
        body: html`<div class="card stack"><h1>This set-up link is no longer valid</h1>
<p>Set-up links work once and only for a while. Restart the server to have a new one printed, or make an administrator on the command line:</p>
<p><code class="copy">npx portcullis user add NAME --role admin</code></p>
<p><a href="${props.signInUrl}">Sign in instead</a></p></div>`,
      });
  }
}

function openBody(props: Extract<SetupPageProps, { state: 'open' }>): Html {
  const { values = {}, errors = {}, minimumPasswordLength } = props;
  const focus = focusOf<SetupField>(errors, setupFields.username);
  const fields = [
    field({
      name: setupFields.username,
      label: 'User name',
      autocomplete: 'username',
      value: values.username,
      error: errors.username,
      hint: 'What you will type to sign in.',
      maxLength: 64,
      focus: focus(setupFields.username),
    }),
    field({
      name: setupFields.displayName,
      label: 'Your name',
      autocomplete: 'name',
      value: values.displayName,
      error: errors.display_name,
      focus: focus(setupFields.displayName),
      need: 'optional',
      maxLength: 128,
    }),
    field({
      name: setupFields.email,
      label: 'E-mail address',
      type: 'email',
      autocomplete: 'email',
      value: values.email,
      error: errors.email,
      focus: focus(setupFields.email),
      need: 'optional',
      maxLength: 254,
    }),
    newPasswordField({
      name: setupFields.password,
      label: 'Password',
      error: errors.password,
      focus: focus(setupFields.password),
      minimumLength: minimumPasswordLength,
    }),
    newPasswordField({
      name: setupFields.passwordAgain,
      label: 'Password again',
      error: errors.password_again,
      focus: focus(setupFields.passwordAgain),
    }),
    button({ label: 'Create administrator', width: 'wide' }),
  ];
  return html`<div class="card stack-large"><div class="stack"><h1>Create the first administrator</h1>
<p class="quiet">This account can manage ${props.site.name}. There is no default password: choose yours now. This link works once.</p>
${errorSummary(errors)}</div>
${form(props.form, html`${fields}`, 'stack')}</div>`;
}
