import { requirementsOf } from './requirement.ts';

export const rfc9126 = requirementsOf(
  {
    name: 'RFC 9126',
    title: 'Pushed Authorization Requests',
    url: 'https://www.rfc-editor.org/rfc/rfc9126',
  },
  // biome-ignore format: one requirement a line
  [
    ['RFC9126-01', '2', 'MUST', 'Requests are pushed by POST of a form over https, to an endpoint that the metadata names.'],
    ['RFC9126-02', '2', 'MUST', 'Clients authenticate there as at the token endpoint, by the method that they registered.'],
    ['RFC9126-03', '2.1', 'MUST', 'The parameter request_uri is refused in a push.'],
    ['RFC9126-04', '2.1', 'MUST', 'A push is checked as the same request at the authorization endpoint would be, redirect URI and scope included.'],
    ['RFC9126-05', '2.2', 'MUST', 'Success is a 201 with request_uri and expires_in.'],
    ['RFC9126-06', '2.2', 'MUST', 'A request_uri cannot be guessed.'],
    ['RFC9126-07', '2.2', 'MUST', 'A request_uri is bound to the client that pushed.'],
    ['RFC9126-08', '2.3', 'MUST', 'Errors have the format of the token endpoint; another method is 405, a body that is too large 413.'],
    ['RFC9126-09', '4', 'SHOULD', 'A request_uri is good for one authorization request.'],
    ['RFC9126-10', '4', 'MUST', 'An expired request_uri is refused.'],
    ['RFC9126-11', '4', 'MUST', 'A request that was pushed is checked again when it is used.'],
    ['RFC9126-12', '4', 'MUST', 'Only what was pushed counts, whatever is sent beside request_uri (RFC 9101 section 6.3).'],
    ['RFC9126-13', '5', 'MUST', 'Where the server accepts pushed requests only, any other is an invalid_request, and the metadata says so.'],
    ['RFC9126-14', '6', 'MUST', 'A client that registered to push all its requests cannot authorize without.'],
    ['RFC9126-15', '7.2', 'MUST', 'A push with a redirect URI that the client did not register is refused.'],
    ['RFC9126-16', '7.4', 'SHOULD', 'What became of the client since the push counts when the request is used.'],
    ['RFC9126-17', '3', 'MUST', 'Request objects are not supported, and are refused by name instead of ignored.'],
    ['RFC9126-18', '2', 'MUST', 'A client assertion may name the issuer, the token endpoint or the endpoint for pushed requests as its audience.'],
  ],
);
