import { requirementsOf } from './requirement.ts';

export const rfc9470 = requirementsOf(
  {
    name: 'RFC 9470',
    title: 'Step Up Authentication Challenge Protocol',
    url: 'https://www.rfc-editor.org/rfc/rfc9470',
  },
  // biome-ignore format: one requirement a line
  [
    ['RFC9470-01', '3', 'MUST', 'A token whose sign-in does not suffice is answered with 401 and insufficient_user_authentication.'],
    ['RFC9470-02', '3', 'MUST', 'acr_values in the challenge lists, between spaces, the values of which one is needed.'],
    ['RFC9470-03', '3', 'MUST', 'max_age in the challenge is a number of seconds, and never negative.'],
    ['RFC9470-04', '4', 'MUST', 'max_age and acr_values are honoured in an authorization request.'],
    ['RFC9470-05', '5', 'SHOULD', 'A value of acr_values that is asked for is required: the request succeeds with one of them or not at all.'],
    ['RFC9470-06', '5', 'SHOULD', 'A request whose acr_values cannot be met fails with unmet_authentication_requirements.'],
    ['RFC9470-07', '6.1', 'MUST', 'auth_time and acr in the token are those of the sign-in that it was obtained with.'],
    ['RFC9470-08', '6.1', 'MUST NOT', 'A refresh does not change auth_time and acr.'],
    ['RFC9470-09', '7', 'MUST', 'acr_values_supported is in the metadata of a server that understands acr_values and max_age.'],
    ['RFC9470-10', '9', 'SHOULD NOT', 'The challenge tells no more of the requirements than the client needs to meet them.'],
    ['RFC9470-11', '4', 'SHOULD', 'A client sends acr_values and max_age of the challenge in a new authorization request.', { peer: 'The client. The official MCP clients do not, at the time of writing; because of that a new authorization request gets a sign-in that its scopes demand, whether it asks or not.' }],
  ],
);
