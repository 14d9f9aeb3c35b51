import type { Admission, Registrar } from '../core/records.ts';
import type { Destination } from './destination.ts';
import { displayText } from './display-text.ts';
import { type Html, html } from './markup.ts';

/** A client as pages show it. */
export interface ShownClient {
  /** As the client calls itself: a stranger's text. */
  readonly name: string | undefined;
  readonly registeredBy: Registrar;
  /** How one that registered itself was let in, where that was not simply open. */
  readonly admission?: Admission | undefined;
  /** Who vouches for it by a software statement, where `admission` is `vouched`: its `iss`. */
  readonly vouchedBy?: string | undefined;
  /** Host of its metadata document, as in the URL: international names in punycode. */
  readonly documentHost?: string | undefined;
}

/** Where no answer is sent: a device asked, and comes for it itself. */
interface AnyDevice {
  readonly kind: 'device';
}

/** The badge that says at a glance what is known of a client. */
export function standingBadge(client: ShownClient, imported = 'Added by administrator'): Html {
  const { registeredBy, admission, documentHost } = client;
  switch (registeredBy) {
    case 'dynamic':
      if (admission === 'approved') return html`<span class="badge known">Approved by your administrator</span>`;
      if (admission === 'invited') return html`<span class="badge known">Invited</span>`;
      if (admission === 'vouched') return html`<span class="badge known">Known publisher</span>`;
      return html`<span class="badge unknown">Unverified</span>`;
    case 'administrator':
    case 'imported_document':
      return html`<span class="badge known">${imported}</span>`;
    case 'metadata_document':
      return html`<span class="badge">From ${documentHost}</span>`;
  }
}

/**
 * What is known of a client that asks for access, and who says so. A host vouches for a client that answers go to; for a
 * program on somebody's computer it cannot, because any program there can say that it is this one.
 */
export function clientStanding(client: ShownClient, to: Destination | AnyDevice): Html {
  const { registeredBy, documentHost } = client;
  const host = html`<strong>${documentHost}</strong>`;
  switch (registeredBy) {
    case 'dynamic':
      if (client.admission === 'approved')
        return line(html`${standingBadge(client)} This app registered itself, and your administrator let it in.`);
      if (client.admission === 'invited')
        return line(html`${standingBadge(client)} This app registered itself, with a token of your administrator.`);
      if (client.admission === 'vouched')
        return line(
          html`${standingBadge(client)} This app says that it is one of <strong>${displayText(client.vouchedBy, 'a publisher')}</strong>, which your administrator trusts.${anybodyCanSayThat(to)}`,
        );
      return line(
        html`${standingBadge(client)} This app registered itself. Nobody has checked that it is what its name says.`,
      );
    case 'administrator':
      return line(standingBadge(client, 'Added by your administrator'));
    case 'imported_document':
      return html`${line(html`${standingBadge(client, 'Added by your administrator')} ${to.kind === 'website' ? 'It is' : 'It says that it is'} an app of ${host}.${anybodyCanSayThat(to)}`)}${cautions(documentHost, to)}`;
    case 'metadata_document':
      return to.kind === 'website'
        ? html`${line(html`<span class="badge known">Verified</span> to be from ${host}. Nobody here has checked what the app does.`)}${cautions(documentHost, to)}`
        : html`${line(html`<span class="badge unknown">Unverified</span> It says that it is from ${host}.${anybodyCanSayThat(to)}`)}${cautions(documentHost, to)}`;
  }
}

function anybodyCanSayThat(to: Destination | AnyDevice): string {
  switch (to.kind) {
    case 'website':
      return '';
    case 'this-computer':
      return ' Any program on this computer can say that.';
    case 'installed-app':
      return ' Any app on this device can say that.';
    case 'device':
      return ' Any device can say that.';
  }
}

function cautions(documentHost: string | undefined, to: Destination | AnyDevice): Html {
  const host = documentHost ?? '';
  return html`${
    isInternational(host) &&
    caution(
      html`The name <strong>${host}</strong> stands for letters beyond a to z, and some of those look like others. Make sure that it is the website that you mean.`,
    )
  }${
    to.kind === 'website' &&
    to.text !== host &&
    caution(
      html`The access goes to <strong>${to.text}</strong>, which is not <strong>${host}</strong>. Allow it only if you know that they belong together.`,
    )
  }`;
}

function isInternational(host: string): boolean {
  return host.split('.').some((label) => label.startsWith('xn--'));
}

function line(content: Html): Html {
  return html`<p class="small quiet">${content}</p>`;
}

function caution(content: Html): Html {
  return html`<div class="notice warning small"><p>${content}</p></div>`;
}
