import type { Params } from '../../core/params.ts';
import { clientStanding, type ShownClient } from '../client-standing.ts';
import { type Destination, describeDestination } from '../destination.ts';
import { clientName, displayText } from '../display-text.ts';
import { button, buttonForm, type FormProps, form, hiddenField } from '../forms.ts';
import { page, type Site } from '../layout.ts';
import { type Html, html } from '../markup.ts';
import { relativeTime } from '../times.ts';

export interface ConsentScope {
  readonly name: string;
  /** A few words; the scope's name where the operator declared none. */
  readonly title?: string | undefined;
  /** One sentence. */
  readonly description?: string | undefined;
  /** Names of the MCP tools that it unlocks. */
  readonly tools: readonly string[];
  /** `required` cannot be unticked. */
  readonly need: 'required' | 'optional';
  /** The user allowed it to this client before. */
  readonly alreadyAllowed: boolean;
}

/** How the request came: a browser was sent here and will be sent back, or a device asked and its user entered the code. */
export type ConsentOrigin =
  | {
      readonly kind: 'redirect';
      /** The validated redirect URI of the request. */
      readonly redirectUri: string;
    }
  | {
      readonly kind: 'device';
      /** The code as the device shows it. */
      readonly userCode: string;
      /** Where the device asked from; `undefined` where the server cannot tell. */
      readonly address: string | undefined;
      /** When it asked, milliseconds since the epoch; likewise the present. */
      readonly askedAt: number;
      readonly now: number;
    };

export interface ConsentPageProps {
  readonly site: Site;
  readonly form: FormProps;
  /** Id of the pending authorization request, or code of the device; posted back as `request`. */
  readonly request: string;
  readonly client: ShownClient;
  readonly from: ConsentOrigin;
  /** The MCP server that the client wants to reach. */
  readonly resource: { readonly name: string; readonly url: string };
  readonly user: { readonly username: string; readonly displayName: string };
  /** "Not you?": signs out here and asks for another user, keeping the request. */
  readonly switchUser: FormProps;
  /** In the order to show. */
  readonly scopes: readonly ConsentScope[];
  /** How many days access lasts at most if the user does nothing. */
  readonly lastsDays: number;
  /** Where access is revoked later. */
  readonly accountUrl: string;
}

/** Names of the fields that the consent form posts, besides one per scope: see `consentScopeField`. */
export const consentFields = { request: 'request', decision: 'decision' } as const;

/** One field per scope, because a form that repeats a name is refused (RFC 6749 §3.1). */
export function consentScopeField(scope: string): string {
  return `scope:${scope}`;
}

/** What the user decided, before any check of who may decide it. */
export interface ConsentDecision {
  readonly decision: 'allow' | 'deny';
  /** The required scopes and the ticked ones among those offered, in their order; empty where denied. */
  readonly scopes: readonly string[];
}

/**
 * Reads a posted consent form.
 * @param offered the scopes that the page showed: others are ignored, required ones are granted with `allow` in any case
 * @returns `undefined` where the form holds no decision
 */
export function readConsentForm(
  params: Params,
  offered: readonly Pick<ConsentScope, 'name' | 'need'>[],
): ConsentDecision | undefined {
  const decision = params.get(consentFields.decision);
  if (decision === 'deny') return { decision, scopes: [] };
  if (decision !== 'allow') return undefined;
  const granted = offered.filter(
    ({ name, need }) => need === 'required' || params.get(consentScopeField(name)) !== undefined,
  );
  return { decision, scopes: granted.map(({ name }) => name) };
}

/** Asks a signed-in user whether a client may have access, and to what. */
export function consentPage(props: ConsentPageProps): Html {
  const plainName = displayText(props.client.name, 'Unnamed app');
  const target: FormProps = { ...props.form, hidden: { ...props.form.hidden, [consentFields.request]: props.request } };
  const body = html`<div class="card stack-large">
<div class="stack">
<h1 class="clip">${clientName(props.client.name)} wants access to ${props.resource.name}</h1>
${clientStanding(props.client, props.from.kind === 'device' ? props.from : describeDestination(props.from.redirectUri))}
</div>
<div class="person"><p>Signed in as <strong>${props.user.displayName}</strong>${
    props.user.displayName !== props.user.username && html` <span class="quiet">(${props.user.username})</span>`
  }</p>
${buttonForm(props.switchUser, { label: 'Not you?', hiddenLabel: 'Sign in as someone else', tone: 'link' })}</div>
<dl class="facts">
${origin(props.from)}
<div><dt>MCP server</dt><dd><strong>${props.resource.name}</strong><p class="small quiet">${props.resource.url}</p></dd></div>
</dl>
${form(
  target,
  html`${scopeList(props.scopes)}
<div class="actions">${button({ label: 'Deny', tone: 'plain', name: consentFields.decision, value: 'deny', hiddenLabel: 'access' })}${button({ label: 'Allow', name: consentFields.decision, value: 'allow', hiddenLabel: 'access' })}</div>`,
  'stack-large',
)}
<p class="small quiet">Access lasts ${lasting(props.lastsDays)}. You can take it back at any time under Connected apps in <a href="${props.accountUrl}">your account</a>.</p>
</div>`;
  return page({ title: `Allow ${plainName}?`, site: props.site, body, width: 'medium' });
}

function lasting(days: number): string {
  if (days < 1) return 'less than a day';
  return days < 2 ? 'one day at most' : `${Math.round(days)} days at most`;
}

function origin(from: ConsentOrigin): Html {
  switch (from.kind) {
    case 'redirect':
      return html`<div><dt>Sends you to</dt><dd>${destination(describeDestination(from.redirectUri))}</dd></div>`;
    case 'device':
      return html`<div><dt>Asked by</dt><dd><strong>A device</strong><p class="small quiet">at ${from.address ?? 'an address that is not known'}, ${relativeTime(from.askedAt, from.now)}</p></dd></div>
<div><dt>Code</dt><dd><code class="user-code">${from.userCode}</code>${caution(
        'Allow it only if the device is yours, shows this code, and you have just started this on it yourself. If somebody sent you the code, deny it: they would get access in your name.',
      )}</dd></div>`;
  }
}

function destination(to: Destination): Html {
  switch (to.kind) {
    case 'website':
      return html`<strong>${to.text}</strong><p class="small quiet">A website. It receives the access.</p>`;
    case 'this-computer':
      return html`<strong>${to.text}</strong>${caution('An app on this computer. Allow it only if you have just started it yourself.')}`;
    case 'installed-app':
      // A scheme is any reverse domain name, and many names of hosts are one too.
      return html`<strong>An app on this device</strong><p class="small quiet">Whichever opens links that begin with <code>${to.text}</code></p>${caution('An app on this device, opened by its link. Other apps can claim the same link, so allow it only if you have just started it yourself.')}`;
  }
}

function caution(text: string): Html {
  return html`<div class="notice warning small"><p>${text}</p></div>`;
}

function scopeList(scopes: readonly ConsentScope[]): Html {
  if (scopes.length === 0) return html`<p>It will know who you are. It asks for nothing else.</p>`;
  return html`<fieldset><legend>It will be able to</legend><div class="scopes">${scopes.map(scopeRow)}</div></fieldset>`;
}

function scopeRow(scope: ConsentScope, index: number): Html {
  const id = `scope-${index}`;
  const name = consentScopeField(scope.name);
  const checkbox =
    scope.need === 'required'
      ? html`<input type="checkbox" id="${id}" checked disabled aria-describedby="${id}-detail">`
      : html`<input type="checkbox" id="${id}" name="${name}" value="on" checked aria-describedby="${id}-detail">`;
  return html`<div class="scope">
<label for="${id}">${checkbox}<span class="label"><span class="title">${scope.title ?? scope.name}</span>${scope.alreadyAllowed && html`<span class="badge known">Already allowed</span>`}${
    scope.need === 'required' && html`<span class="badge">Required</span>`
  }</span></label>${scope.need === 'required' && hiddenField(name, 'on')}
<div class="detail small" id="${id}-detail">${scope.description !== undefined && html`<p class="quiet">${scope.description}</p>`}${tools(scope.tools)}</div>
</div>`;
}

const toolsShown = 6;

function tools(names: readonly string[]): Html {
  if (names.length === 0) return html``;
  const list = html`<span class="visually-hidden">Tools: </span><ul class="tools">${names.map((name) => html`<li><code>${name}</code></li>`)}</ul>`;
  if (names.length <= toolsShown) return html`<div>${list}</div>`;
  return html`<details class="tools-more"><summary>${names.length} tools</summary>${list}</details>`;
}
