import { page, type Site } from '../layout.ts';
import { type Html, html } from '../markup.ts';

export interface HomePageProps {
  readonly site: Site;
  /** The MCP endpoint, as it is pasted into a client. */
  readonly mcpUrl: string;
  /** Command lines or settings for particular clients. */
  readonly clients?: readonly { readonly name: string; readonly snippet: string }[];
  readonly accountUrl: string;
  readonly documentationUrl?: string | undefined;
}

/** What a browser sees at the base URL: what this is, and the address to give to an MCP client. */
export function homePage(props: HomePageProps): Html {
  const { clients = [] } = props;
  const body = html`<div class="card stack-large"><div class="stack"><h1>${props.site.name}</h1>
<p class="quiet">This is an MCP server. Give its address to your AI app; the app brings you back here to sign in and to decide what it may do.</p></div>
<div class="stack-small"><h2>Address for your app</h2>
<code class="copy">${props.mcpUrl}</code></div>
${clients.map(({ name, snippet }) => html`<div class="stack-small"><h2>${name}</h2><code class="copy">${snippet}</code></div>`)}
<div class="stack"><a class="button wide-button" href="${props.accountUrl}">Your account</a>
${props.documentationUrl !== undefined && html`<p class="small"><a href="${props.documentationUrl}" rel="noreferrer">Documentation</a></p>`}</div></div>`;
  return page({ title: 'MCP server', site: props.site, body, width: 'medium' });
}
