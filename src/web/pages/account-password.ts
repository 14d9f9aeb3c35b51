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
import { type Html, html } from '../markup.ts';
import { moment } from '../times.ts';

/** Names of the fields that the change-password form posts. */
export const changePasswordFields = {
  current: 'current_password',
  password: 'new_password',
  passwordAgain: 'new_password_again',
} as const;

export type ChangePasswordField = (typeof changePasswordFields)[keyof typeof changePasswordFields];

export interface ChangePasswordProps {
  readonly form: FormProps;
  readonly errors?: FieldErrors<ChangePasswordField>;
  /** In characters. */
  readonly minimumLength: number;
  /** Milliseconds since the epoch. */
  readonly changedAt?: number | undefined;
}

/** The card with which users change their own password; the user name is there for password managers. */
export function changePassword(props: ChangePasswordProps, username: string, now: number): Html {
  const { errors = {}, minimumLength } = props;
  const focus = focusOf<ChangePasswordField>(errors);
  const fields = [
    html`<input type="text" name="username" value="${username}" autocomplete="username" readonly hidden>`,
    field({
      name: changePasswordFields.current,
      label: 'Current password',
      type: 'password',
      autocomplete: 'current-password',
      error: errors.current_password,
      focus: focus(changePasswordFields.current),
    }),
    newPasswordField({
      name: changePasswordFields.password,
      label: 'New password',
      error: errors.new_password,
      focus: focus(changePasswordFields.password),
      minimumLength,
    }),
    newPasswordField({
      name: changePasswordFields.passwordAgain,
      label: 'New password again',
      error: errors.new_password_again,
      focus: focus(changePasswordFields.passwordAgain),
    }),
    button({ label: 'Change password' }),
  ];
  return html`<section class="card stack" aria-labelledby="change-password">
<div class="stack-small"><h2 id="change-password">Change password</h2>
<p class="quiet">${props.changedAt === undefined ? 'It signs you out on your other devices.' : html`Last changed ${moment(props.changedAt, now)}. A change signs you out on your other devices.`}</p></div>
${errorSummary(errors)}
${form(props.form, html`${fields}`, 'stack form-column')}
</section>`;
}
