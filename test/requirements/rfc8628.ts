import { requirementsOf } from './requirement.ts';

export const rfc8628 = requirementsOf(
  {
    name: 'RFC 8628',
    title: 'Device Authorization Grant',
    url: 'https://www.rfc-editor.org/rfc/rfc8628',
  },
  // biome-ignore format: one requirement a line
  [
    ['RFC8628-01', '3.1', 'MUST', 'A device asks by POST of a form over https, at an endpoint that the metadata names (section 4).'],
    ['RFC8628-02', '3.1', 'MUST', 'Clients authenticate there as at the token endpoint; a public client names itself by client_id.'],
    ['RFC8628-03', '3.1', 'MUST', 'Parameters without a value count as absent, unknown ones are ignored, and none may be sent twice.'],
    ['RFC8628-04', '3.2', 'MUST', 'The answer holds device_code, user_code, verification_uri and expires_in, and is not cached.'],
    ['RFC8628-05', '3.2', 'SHOULD', 'The answer holds the interval between two polls.'],
    ['RFC8628-06', '3.3', 'MUST', 'The user is signed in before the request is shown, and has to decide.'],
    ['RFC8628-07', '3.3', 'SHOULD', 'Whoever has decided is told to return to the device.'],
    ['RFC8628-08', '3.3.1', 'MUST', 'With verification_uri_complete the user is asked all the same, and shown the code to compare.'],
    ['RFC8628-09', '3.4', 'MUST', 'A device code is redeemed by the client that it was issued to, authenticated as at the token endpoint.'],
    ['RFC8628-10', '3.5', 'MUST', 'Until the user has decided the answer is authorization_pending.'],
    ['RFC8628-11', '3.5', 'MUST', 'A poll before the interval is over is a slow_down, and adds five seconds to the interval.'],
    ['RFC8628-12', '3.5', 'MUST', 'What the user denied is an access_denied.'],
    ['RFC8628-13', '3.5', 'MUST', 'A device code that has expired is an expired_token.'],
    ['RFC8628-14', '5.1', 'MUST', 'Guessing user codes is limited, so that a code is not found within its lifetime.'],
    ['RFC8628-15', '5.2', 'SHOULD', 'A device code has so much entropy that it cannot be guessed.'],
    ['RFC8628-16', '5.4', 'SHOULD', 'The user is told that a device asks, and to allow it only where it is their own, in their hands.'],
    ['RFC8628-17', '5.5', 'SHOULD', 'A user code lives no longer than it has to, and counts once.'],
    ['RFC8628-18', '6.1', 'SHOULD', 'User codes are of letters that are hard to confuse and make no words; case and punctuation do not count.'],
  ],
);
