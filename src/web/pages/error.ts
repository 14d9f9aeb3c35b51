import { page, type Site } from '../layout.ts';
import { type Html, html } from '../markup.ts';

export interface ErrorPageProps {
  readonly site: Site;
  /** What has happened, in a few words. */
  readonly title: string;
  /** One or two sentences for the person who sees it. */
  readonly message: string;
  /** What to do now. */
  readonly next?: string | undefined;
  /** A way on. */
  readonly link?: { readonly url: string; readonly label: string } | undefined;
  /** For the client's developer, folded away: facts without secrets. */
  readonly technical?: string | undefined;
  /** What an operator finds the log lines by. */
  readonly requestId?: string | undefined;
}

/** Tells a person what went wrong and what to do, for every status that a browser may see. */
export function errorPage(props: ErrorPageProps): Html {
  const { requestId, technical } = props;
  const body = html`<div class="card stack"><h1>${props.title}</h1>
<p>${props.message}</p>
${props.next !== undefined && html`<p>${props.next}</p>`}
${props.link !== undefined && html`<p><a class="button wide-button" href="${props.link.url}">${props.link.label}</a></p>`}
${technical !== undefined && html`<details class="small"><summary>Details for the app’s developer</summary><p class="quiet">${technical}</p></details>`}
${requestId !== undefined && html`<p class="small quiet">Reference for your administrator: <code>${requestId}</code></p>`}</div>`;
  return page({ title: props.title, site: props.site, body });
}
