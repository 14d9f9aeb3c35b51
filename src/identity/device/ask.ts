import type { Client } from '../../core/records.ts';
import type { WaitingDevice } from '../../oauth/device/store.ts';
import { shownUserCode } from '../../oauth/device/user-code.ts';
import { mayUseDevices } from '../../oauth/token/device-clients.ts';
import { stillAllowed } from '../../oauth/token/resource.ts';
import { type ConsentScope, consentPage } from '../../web/pages/consent.ts';
import { htmlResponse, seeOther } from '../../web/response.ts';
import { grantableScopes } from '../consent/offered-scopes.ts';
import { PageError, siteOf } from '../page.ts';
import { resourceName } from '../resource-name.ts';
import type { IdentityServices } from '../services.ts';
import type { AuthenticatedUser } from '../sessions/authenticated-user.ts';
import { shownClient } from '../shown-client.ts';
import { signInAddress, towardsDevice } from '../sign-in/destination.ts';
import { signOutPurpose } from '../sign-in/sign-out.ts';
import { judgeSignInForDevice } from './judge-sign-in.ts';

/** Name of the hidden field that proves which scopes the page showed as required. */
export const shownField = 'shown';

/** What a device asks of one user: who asks, and what of it this user may allow. */
export interface AskedOfUser {
  readonly device: WaitingDevice;
  readonly user: AuthenticatedUser;
  readonly client: Client;
  readonly scopes: readonly ConsentScope[];
}

/**
 * @throws OAuthError `unauthorized_client` where the client may not use devices any more
 * @throws PageError where the client is gone, or this user may not allow what it needs: somebody else still may
 */
export async function askedOf(
  user: AuthenticatedUser,
  device: WaitingDevice,
  services: IdentityServices,
): Promise<AskedOfUser> {
  const { provider } = services;
  const stored = await provider.getClient(device.clientId);
  const client = stored && (await provider.metadataDocuments.current(stored));
  if (client === undefined) throw notWaiting(services);
  mayUseDevices(client, provider);
  const left = stillAllowed(device.scopes, client);
  if (left.length === 0 && device.scopes.length > 0) throw notWaiting(services);
  const scopes = grantableScopes({ ...device, scopes: left }, user.user, services);
  if (scopes !== undefined) return { device, user, client, scopes };
  throw new PageError(403, {
    title: 'You may not allow this',
    message: 'The device asks for something that you are not allowed to give. Nothing was allowed.',
    next: 'Somebody who may can enter the code here, or the administrator can change what you may allow.',
    link: { url: services.paths.account, label: 'Your account' },
  });
}

/**
 * Where a user goes first whose sign-in is older than the scopes demand.
 * @returns `undefined` where it suits
 * @throws PageError where the user cannot sign in in the way that they demand
 */
export function signInFirst({ device, user }: AskedOfUser, services: IdentityServices): Response | undefined {
  const { paths } = services;
  switch (judgeSignInForDevice(device, user, services)) {
    case 'suits':
      return undefined;
    case 'again':
      return seeOther(signInAddress({ ...towardsDevice(device.userCode), again: '1' }, paths));
    case 'never':
      throw new PageError(403, {
        title: 'You cannot allow this',
        message: 'What the device asks for needs a stronger sign-in than yours. Nothing was allowed.',
        next: 'Ask the administrator of this server.',
        link: { url: paths.account, label: 'Your account' },
      });
  }
}

/** The consent page for a device. */
export function askOnDevice(request: Request, asked: AskedOfUser, services: IdentityServices): Response {
  const { provider, csrf, paths } = services;
  const { device, user, client, scopes } = asked;
  const { userCode } = device;
  const issued = csrf.issue(request, decisionPurpose(userCode, user));
  const body = consentPage({
    site: siteOf(services),
    form: {
      action: paths.deviceDecision,
      csrfToken: issued.token,
      hidden: { [shownField]: csrf.issue(request, shownPurpose(asked)).token },
    },
    request: shownUserCode(userCode),
    client: shownClient(client),
    from: {
      kind: 'device',
      userCode: shownUserCode(userCode),
      address: device.clientAddress,
      askedAt: device.createdAt,
      now: provider.clock.now(),
    },
    resource: { name: resourceName(device.resource, services), url: device.resource },
    user: { username: user.user.userName, displayName: user.user.displayName },
    switchUser: {
      action: paths.signOut,
      csrfToken: csrf.issue(request, signOutPurpose).token,
      hidden: towardsDevice(userCode),
    },
    scopes,
    lastsDays: provider.resources.lifetimesOf(device.resource).refreshTokenAbsolute / 86_400_000,
    accountUrl: `${new URL(provider.settings.baseUrl).origin}${paths.account}`,
  });
  return htmlResponse(body, { setCookies: issued.setCookie === undefined ? [] : [issued.setCookie] });
}

/** What the decision's CSRF token is issued for: this code in this session. */
export function decisionPurpose(userCode: string, { sessionHash }: AuthenticatedUser): string {
  return `device decision:${userCode}:${sessionHash}`;
}

/**
 * What the token is issued for that says which scopes the page showed as required: these are granted with Allow, and an
 * administrator may have changed what the user may grant since.
 */
export function shownPurpose({ device, user, scopes }: AskedOfUser): string {
  const required = scopes.filter(({ need }) => need === 'required').map(({ name }) => name);
  return `device shown:${device.hash}:${user.sessionHash}:${required.join(' ')}`;
}

/** For whoever comes with a code that waits no more. */
export function notWaiting({ paths }: IdentityServices): PageError {
  return new PageError(400, {
    title: 'This device does not wait any more',
    message: 'Its code was used or has expired, was opened again elsewhere, or its app is no longer registered.',
    next: 'If the device is not connected, start again on it.',
    link: { url: paths.device, label: 'Enter a code' },
  });
}
