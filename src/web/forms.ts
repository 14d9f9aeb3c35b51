import { csrfField } from './csrf.ts';
import { attribute, type Html, html } from './markup.ts';

/** Where a form goes and what goes with it unseen. */
export interface FormProps {
  readonly action: string;
  readonly csrfToken: string;
  /** Further hidden fields, name → value. */
  readonly hidden?: Readonly<Record<string, string>>;
}

/** Messages for the fields of a form, by field name. */
export type FieldErrors<Name extends string> = { readonly [name in Name]?: string | undefined };

export interface FieldProps {
  readonly name: string;
  readonly label: string;
  /** Default: `text`. */
  readonly type?: 'text' | 'email' | 'password';
  /** A token of the HTML autofill list: `username`, `current-password`, `new-password`, `email`, `name`. */
  readonly autocomplete: string;
  readonly value?: string | undefined;
  readonly error?: string | undefined;
  readonly hint?: string | undefined;
  /** Ids of further elements that describe the field. */
  readonly describedBy?: string | undefined;
  /** `optional` is said in the label. Default: `required`. */
  readonly need?: 'required' | 'optional' | 'fixed';
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  /** `user-code`: letters that are copied from somewhere else. */
  readonly look?: 'user-code' | undefined;
  /** `first`: the field that has the focus when the page opens. */
  readonly focus?: 'first' | undefined;
}

/** Which field has the focus when the page opens: the first that is wrong, so that it is in view; else the given one. */
export function focusOf<Name extends string>(
  errors: FieldErrors<Name>,
  otherwise?: Name,
): (name: Name) => FieldProps['focus'] {
  const wrong = Object.entries<string | undefined>(errors).find(([, message]) => message !== undefined)?.[0];
  const chosen = wrong ?? otherwise;
  return (name) => (name === chosen ? 'first' : undefined);
}

export interface ButtonProps {
  readonly label: string;
  /** Continues the label for screen readers: buttons that look alike must not sound alike. */
  readonly hiddenLabel?: string;
  readonly tone?: 'primary' | 'plain' | 'danger' | 'link';
  readonly width?: 'wide';
  readonly name?: string;
  readonly value?: string;
}

/** A POST form with its CSRF token. */
export function form(props: FormProps, content: Html, className = ''): Html {
  const hidden = Object.entries(props.hidden ?? {}).map(([name, value]) => hiddenField(name, value));
  return html`<form method="post" action="${props.action}" class="${className}">${hiddenField(csrfField, props.csrfToken)}${hidden}${content}</form>`;
}

/** A form that is one button. */
export function buttonForm(props: FormProps, label: ButtonProps): Html {
  return form(props, button(label));
}

export function hiddenField(name: string, value: string): Html {
  return html`<input type="hidden" name="${name}" value="${value}">`;
}

/** The id of a field's input, for links to it. */
export function fieldId(name: string): string {
  return `field-${name}`;
}

/** A labelled input with its hint and its error, both tied to it for screen readers. Passwords are never sent back. */
export function field(props: FieldProps): Html {
  const id = fieldId(props.name);
  const need = props.need ?? 'required';
  const describedBy = [
    props.hint === undefined ? undefined : `${id}-hint`,
    props.error === undefined ? undefined : `${id}-error`,
    props.describedBy,
  ].filter((part) => part !== undefined);
  const verbatim = props.type === 'password' || props.autocomplete === 'username' || props.type === 'email';
  return html`<div class="field">
<label for="${id}">${props.label}${need === 'optional' && html` <span class="optional">(optional)</span>`}</label>
<input id="${id}" name="${props.name}" type="${props.type ?? 'text'}" autocomplete="${props.autocomplete}"${[
    attribute('value', props.type === 'password' ? undefined : props.value),
    attribute('class', props.look),
    attribute('minlength', props.minLength),
    attribute('maxlength', props.maxLength),
    attribute('aria-invalid', props.error === undefined ? undefined : 'true'),
    attribute('aria-describedby', describedBy.length === 0 ? undefined : describedBy.join(' ')),
    verbatim && html` autocapitalize="none" autocorrect="off" spellcheck="false"`,
    props.look === 'user-code' && html` autocapitalize="characters" autocorrect="off" spellcheck="false"`,
    need === 'required' && html` required`,
    need === 'fixed' && html` readonly`,
    props.focus === 'first' && html` autofocus`,
  ]}>
${props.hint !== undefined && html`<p class="hint small" id="${id}-hint">${props.hint}</p>`}${
  props.error !== undefined && html`<p class="problem small" id="${id}-error">${props.error}</p>`
}</div>`;
}

/** A field for a password that is being chosen. `minimumLength`, in characters, is said below it. */
export function newPasswordField(
  props: Pick<FieldProps, 'name' | 'label' | 'error' | 'focus'> & { readonly minimumLength?: number },
): Html {
  const { minimumLength, ...rest } = props;
  return field({
    ...rest,
    type: 'password',
    autocomplete: 'new-password',
    minLength: minimumLength,
    hint:
      minimumLength === undefined
        ? undefined
        : `At least ${minimumLength} characters. Several unrelated words work well.`,
  });
}

export function button(props: ButtonProps): Html {
  const tone = props.tone ?? 'primary';
  const classes = [tone === 'primary' ? '' : tone, props.width === 'wide' ? 'wide-button' : '']
    .filter((name) => name !== '')
    .join(' ');
  return html`<button type="submit"${[
    attribute('class', classes === '' ? undefined : classes),
    attribute('name', props.name),
    attribute('value', props.value),
  ]}>${props.label}${props.hiddenLabel !== undefined && html`<span class="visually-hidden"> ${props.hiddenLabel}</span>`}</button>`;
}

/** What is wrong with a form, announced when the page opens, each line a link to its field. Nothing where all is well. */
export function errorSummary<Name extends string>(errors: FieldErrors<Name>): Html {
  const wrong = Object.entries<string | undefined>(errors).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  if (wrong.length === 0) return html``;
  return html`<div class="notice error" role="alert"><p><strong>${wrong.length === 1 ? 'Please correct this:' : 'Please correct these:'}</strong></p>
<ul>${wrong.map(([name, message]) => html`<li><a href="#${fieldId(name)}">${message}</a></li>`)}</ul></div>`;
}

export interface NoticeProps {
  readonly tone: 'info' | 'success' | 'warning' | 'error';
  readonly body: Html | string;
  readonly id?: string;
}

/** A highlighted message; errors interrupt a screen reader, successes are announced politely. */
export function notice(props: NoticeProps): Html {
  const role = props.tone === 'error' ? 'alert' : props.tone === 'success' ? 'status' : undefined;
  return html`<div class="notice ${props.tone}"${[attribute('id', props.id), attribute('role', role)]}>${
    typeof props.body === 'string' ? html`<p>${props.body}</p>` : props.body
  }</div>`;
}
