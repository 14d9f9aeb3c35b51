import { OAuthError } from '../../core/errors.ts';
import { parseUserCode } from '../../oauth/device/user-code.ts';
import { consentFields, readConsentForm } from '../../web/pages/consent.ts';
import { seeOther } from '../../web/response.ts';
import { page, postedForm } from '../page.ts';
import { addressAfterSignIn, signInAddress, towardsDevice } from '../sign-in/destination.ts';
import { approveDevice, DeviceApproval, denyDevice } from './approval.ts';
import { askedOf, askOnDevice, decisionPurpose, notWaiting, shownField, shownPurpose, signInFirst } from './ask.ts';
import { doneAddress } from './enter-code.ts';

/**
 * `POST /device/decision`: the user's decision, in this order: user signed in → the form is the one shown for this code in
 * this session → the device waits, and was shown here last → its client and this user may, signed in as its scopes demand → the page showed what may not be
 * unticked → decided, once.
 */
export const decideOnDevice = page(async (request, services) => {
  const { csrf, deviceCodes, paths } = services;
  const user = await services.sessions.authenticate(request);
  if (user === undefined) return seeOther(signInAddress(towardsDevice(undefined), paths));
  let userCode = '';
  const params = await postedForm(request, services, {
    purpose: (form) => {
      userCode = parseUserCode(form.get(consentFields.request) ?? '') ?? '';
      return decisionPurpose(userCode, user);
    },
    page: () => addressAfterSignIn(towardsDevice(userCode === '' ? undefined : userCode), paths),
  });
  const device = await deviceCodes.find(userCode, user.sessionHash);
  if (device === undefined) throw notWaiting(services);

  const asked = await askedOf(user, device, services);
  const otherwise = signInFirst(asked, services);
  if (otherwise !== undefined) return otherwise;
  const decision = readConsentForm(params, asked.scopes);
  if (decision === undefined) throw new OAuthError('invalid_request', 'the form holds no decision');
  const nothingLeft = decision.scopes.length === 0 && device.scopes.length > 0;
  if (decision.decision === 'deny' || nothingLeft) {
    if (!(await denyDevice(device, user, services))) throw notWaiting(services);
    return seeOther(doneAddress('denied', services));
  }
  const shown = csrf.check(request, params.get(shownField), shownPurpose(asked));
  if (shown !== 'ok') return askOnDevice(request, asked, services);
  const approval = DeviceApproval.of(device, user, decision.scopes);
  if (approval === undefined || !(await approveDevice(approval, services))) throw notWaiting(services);
  return seeOther(doneAddress('allowed', services));
});
