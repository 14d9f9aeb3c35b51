import { type ShownClient, standingBadge } from '../client-standing.ts';
import { clientName, displayText } from '../display-text.ts';
import { buttonForm, type FormProps } from '../forms.ts';
import { type Html, html } from '../markup.ts';
import { moment } from '../times.ts';

/** Name of the field that a revoke button posts. */
export const grantField = 'grant';

/** One grant of the user, as the account page shows it. Times are milliseconds since the epoch. */
export interface ConnectedApp {
  readonly grantId: string;
  readonly client: ShownClient;
  /** Name of the MCP server that it may reach. */
  readonly resource: string;
  /** Titles of the granted scopes. */
  readonly scopeTitles: readonly string[];
  readonly grantedAt: number;
  /** Absent: never used. */
  readonly lastUsedAt?: number | undefined;
}

/** The card of apps that may act for the user. */
export function connectedApps(
  props: { readonly list: readonly ConnectedApp[]; readonly revoke: FormProps },
  now: number,
): Html {
  return html`<section class="card stack" aria-labelledby="connected-apps">
<div class="stack-small"><h2 id="connected-apps">Connected apps</h2>
<p class="quiet">${
    props.list.length === 0
      ? 'No app has access. One appears here when you allow it.'
      : 'These apps can act for you. Revoking one stops it at once; it has to ask you again.'
  }</p></div>
${props.list.length > 0 && html`<ul class="rows">${props.list.map((app) => appRow(app, props.revoke, now))}</ul>`}
</section>`;
}

function appRow(app: ConnectedApp, revoke: FormProps, now: number): Html {
  return html`<li class="row"><div class="stack-small">
<h3 class="clip">${clientName(app.client.name)} ${standingBadge(app.client)}</h3>
<p class="small">${app.resource}</p>
${app.scopeTitles.length > 0 && html`<ul class="inline-list">${app.scopeTitles.map((title) => html`<li class="badge">${title}</li>`)}</ul>`}
<p class="small quiet">Allowed ${moment(app.grantedAt, now)}</p>
<p class="small quiet">${app.lastUsedAt === undefined ? 'Never used' : html`Last used ${moment(app.lastUsedAt, now)}`}</p></div>
${buttonForm(
  { ...revoke, hidden: { ...revoke.hidden, [grantField]: app.grantId } },
  { label: 'Revoke', hiddenLabel: `access of ${displayText(app.client.name, 'Unnamed app')}`, tone: 'danger' },
)}</li>`;
}
