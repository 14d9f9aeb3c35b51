import type { Params } from '../../core/params.ts';
import { parseUserCode, shownUserCode } from '../../oauth/device/user-code.ts';
import { userCodeField } from '../../web/pages/device.ts';
import { signInFields } from '../../web/pages/sign-in.ts';
import type { PagePaths } from '../services.ts';

/**
 * What a sign-in is on the way to, as the fields of an address or a form: the authorization request that waits, the page
 * where a device's code is entered, or nothing, which is the account.
 */
export type SignInDestination = Readonly<Record<string, string>>;

const forField = 'for';
const codeField = 'code';

/** On the way to the page where the code of a device is entered, with the code where there is one. */
export function towardsDevice(userCode: string | undefined): SignInDestination {
  return { [forField]: 'device', ...(userCode === undefined ? {} : { [codeField]: shownUserCode(userCode) }) };
}

/** Reads it from an address or a form; whatever else is there is left out. */
export function signInDestination(params: Params): SignInDestination {
  const request = params.get(signInFields.request);
  if (request !== undefined) return { [signInFields.request]: request };
  return params.get(forField) === 'device' ? towardsDevice(parseUserCode(params.get(codeField) ?? '')) : {};
}

/** Whether it is the page where the code of a device is entered. */
export function leadsToDevice(destination: SignInDestination): boolean {
  return destination[forField] === 'device';
}

/** The sign-in page on the way to it. */
export function signInAddress(destination: SignInDestination, { signIn }: PagePaths): string {
  return withQuery(signIn, destination);
}

/** Where whoever has signed in goes next: always a page of this server. */
export function addressAfterSignIn(destination: SignInDestination, { account, consent, device }: PagePaths): string {
  if (destination[signInFields.request] !== undefined) return withQuery(consent, destination);
  if (!leadsToDevice(destination)) return account;
  const userCode = destination[codeField];
  return withQuery(device, userCode === undefined ? {} : { [userCodeField]: userCode });
}

function withQuery(path: string, query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString();
  return text === '' ? path : `${path}?${text}`;
}
