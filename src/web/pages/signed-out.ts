import { page, type Site } from '../layout.ts';
import { type Html, html } from '../markup.ts';

export interface SignedOutPageProps {
  readonly site: Site;
  readonly signInUrl: string;
}

/** Confirms that this browser's session has ended. */
export function signedOutPage(props: SignedOutPageProps): Html {
  const body = html`<div class="card stack"><h1>You are signed out</h1>
<p>Your session in this browser has ended. Apps that you allowed keep their access until you revoke it in your account.</p>
<a class="button wide-button" href="${props.signInUrl}">Sign in again</a></div>`;
  return page({ title: 'Signed out', site: props.site, body });
}
