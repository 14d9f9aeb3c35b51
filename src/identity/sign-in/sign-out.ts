import { buttonForm } from '../../web/forms.ts';
import { page as document } from '../../web/layout.ts';
import { type Html, html } from '../../web/markup.ts';
import { signedOutPage } from '../../web/pages/signed-out.ts';
import { htmlResponse, seeOther } from '../../web/response.ts';
import { page, postedForm, siteOf } from '../page.ts';
import type { IdentityServices } from '../services.ts';
import { signInAddress, signInDestination } from './destination.ts';

/** What the CSRF token of every sign-out button is issued for. */
export const signOutPurpose = 'sign-out';

/** `GET /sign-out`: a button for whoever is signed in, a confirmation for everybody else. */
export const showSignOut = page(async (request, services) => {
  const { csrf, paths, sessions } = services;
  if ((await sessions.authenticate(request)) === undefined) {
    return htmlResponse(signedOutPage({ site: siteOf(services), signInUrl: paths.signIn }));
  }
  const issued = csrf.issue(request, signOutPurpose);
  const setCookies = issued.setCookie === undefined ? [] : [issued.setCookie];
  return htmlResponse(confirmPage(services, issued.token), { setCookies });
});

/** `POST /sign-out`: ends the session. Where something waits for a sign-in, the next user is asked to sign in for it. */
export const signOut = page(async (request, services) => {
  const { paths, sessions } = services;
  const params = await postedForm(request, services, { purpose: signOutPurpose, page: () => paths.signOut });
  const waiting = signInDestination(params);
  const next = Object.keys(waiting).length === 0 ? paths.signOut : signInAddress(waiting, paths);
  return seeOther(next, { setCookies: [await sessions.signOut(request)] });
});

function confirmPage(services: IdentityServices, csrfToken: string): Html {
  const body = html`<div class="card stack"><h1>Sign out?</h1>
<p>This ends your session in this browser. Apps that you allowed keep their access.</p>
${buttonForm({ action: services.paths.signOut, csrfToken }, { label: 'Sign out', width: 'wide' })}</div>`;
  return document({ title: 'Sign out', site: siteOf(services), body });
}
