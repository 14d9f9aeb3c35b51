import { raw, html as template } from 'hono/html';

/** Markup that is already escaped. */
export type Html = ReturnType<typeof raw>;

/** What a template accepts: text and numbers are escaped, `undefined` and `false` leave nothing behind. */
export type HtmlValue = Html | string | number | false | undefined | readonly HtmlValue[];

/** Builds markup from a template literal; every value that is not markup itself is escaped. Quote all attributes. */
export function html(strings: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return template(strings, ...values) as Html;
}

/** Markup from a constant of this source tree: never from a request, a client or a database. */
export function constantMarkup(text: string): Html {
  return raw(text);
}

/** An attribute, or nothing where it has no value. `name` is a constant; the value is escaped. */
export function attribute(name: string, value: string | number | undefined): Html {
  return value === undefined ? html`` : html` ${constantMarkup(name)}="${value}"`;
}
