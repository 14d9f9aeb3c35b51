import type { WaitingDevice } from '../../oauth/device/store.ts';
import { approvedGrant } from '../../oauth/token/approved-grant.ts';
import { mayApprove } from '../consent/approval.ts';
import { signInOf } from '../consent/suitable-sign-in.ts';
import type { IdentityServices } from '../services.ts';
import { AuthenticatedUser } from '../sessions/authenticated-user.ts';
import { isActive, mayGrantAt } from '../users/statements.ts';

/** Proof that one user allowed a device's request in the browser that it was last shown in. */
export class DeviceApproval {
  readonly #device: WaitingDevice;
  readonly #user: AuthenticatedUser;
  readonly #scopes: readonly string[];

  private constructor(device: WaitingDevice, user: AuthenticatedUser, scopes: readonly string[]) {
    this.#device = device;
    this.#user = user;
    this.#scopes = scopes;
  }

  /**
   * @param scopes those that the user left ticked
   * @returns `undefined` where the request was shown to somebody else, a scope was not asked for or is not this user's to
   *   grant, or none is left of those asked for
   */
  static of(device: WaitingDevice, user: AuthenticatedUser, scopes: readonly string[]): DeviceApproval | undefined {
    AuthenticatedUser.assert(user);
    if (device.shownTo !== user.sessionHash || !mayApprove(scopes, device.scopes, user.user)) return undefined;
    return new DeviceApproval(device, user, scopes);
  }

  /** @throws TypeError for anything that `of` did not make */
  static assert(value: DeviceApproval): void {
    if (!(#device in value)) throw new TypeError('a device is approved by a DeviceApproval only');
  }

  get device(): WaitingDevice {
    return this.#device;
  }

  get user(): AuthenticatedUser {
    return this.#user;
  }

  get scopes(): readonly string[] {
    return this.#scopes;
  }
}

/**
 * Ends a device's request with its user's approval, once: the grant is stored in the transaction that marks the request as
 * decided, and only if the user is still active and may let clients use the resource. Nothing is remembered: the next
 * device is asked for anew.
 * @returns whether it was this approval that ended it
 */
export async function approveDevice(approval: DeviceApproval, services: IdentityServices): Promise<boolean> {
  DeviceApproval.assert(approval);
  const { device, user, scopes } = approval;
  const { provider, deviceCodes, resourcesForAdministrators } = services;
  const subject = user.user.userId;
  const grant = approvedGrant(
    device,
    { subject, scopes, ...signInOf(user, services) },
    { random: provider.random, now: provider.clock.now() },
  );
  const allowed = mayGrantAt(device.resource, subject, resourcesForAdministrators);
  if (!(await deviceCodes.decide(device, grant, allowed))) return false;
  const { clientId } = device;
  provider.report({ name: 'authorization.approved', clientId, subject, grantId: grant.grantId, reason: 'a device' });
  return true;
}

/**
 * Ends a device's request with its user's refusal, once.
 * @returns whether it was this refusal that ended it
 */
export async function denyDevice(
  device: WaitingDevice,
  { user }: AuthenticatedUser,
  { provider, deviceCodes }: IdentityServices,
): Promise<boolean> {
  if (!(await deviceCodes.decide(device, 'denied', isActive(user.userId)))) return false;
  const { clientId } = device;
  provider.report({ name: 'authorization.denied', clientId, subject: user.userId, reason: 'a device' });
  return true;
}
