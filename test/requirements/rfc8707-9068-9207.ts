import { requirementsOf } from './requirement.ts';

export const rfc8707 = requirementsOf(
  { name: 'RFC 8707', title: 'Resource Indicators', url: 'https://www.rfc-editor.org/rfc/rfc8707' },
  // biome-ignore format: one requirement a line
  [
    ['RFC8707-01', '2', 'MUST', 'A resource that is not an absolute URI is an invalid_target.'],
    ['RFC8707-02', '2', 'MUST NOT', 'A resource with a fragment is an invalid_target.'],
    ['RFC8707-03', '2', 'SHOULD', 'A resource that this server does not protect is an invalid_target.'],
    ['RFC8707-04', '2', 'SHOULD', 'The access token is valid at the requested resource only.'],
    ['RFC8707-05', '2.1', 'SHOULD', 'The errors of the authorization endpoint reach the client as redirects.'],
    ['RFC8707-06', '2.2', 'SHOULD', 'A token request, refresh included, can name no resource beyond the one that was authorized.'],
    ['RFC8707-07', '2.2', 'SHOULD', 'The scope of a token is what its resource understands.'],
    ['RFC8707-08', '2.2', 'SHOULD', 'A token request that names no resource is for the one that was authorized.'],
  ],
);

export const rfc9068 = requirementsOf(
  { name: 'RFC 9068', title: 'JWT Profile for OAuth 2.0 Access Tokens', url: 'https://www.rfc-editor.org/rfc/rfc9068' },
  // biome-ignore format: one requirement a line
  [
    ['RFC9068-01', '2.1', 'MUST', 'Access tokens are signed.'],
    ['RFC9068-02', '2.1', 'MUST NOT', 'alg is never none.'],
    ['RFC9068-03', '2.1', 'MUST', 'RS256 is among the algorithms that an operator can choose.'],
    ['RFC9068-04', '2.1', 'MUST', 'typ is at+jwt.'],
    ['RFC9068-05', '2.2', 'MUST', 'iss, exp, aud, sub, client_id, iat and jti are always there.'],
    ['RFC9068-06', '2.2', 'SHOULD', 'sub identifies the user who approved.'],
    ['RFC9068-07', '2.2.3', 'SHOULD', 'scope is in the token.'],
    ['RFC9068-08', '2.2.3', 'MUST', 'Every scope in the token means something at its audience.'],
    ['RFC9068-09', '3', 'SHOULD', 'aud is the requested resource.'],
    ['RFC9068-10', '3', 'MUST', 'Without a resource in the request aud is the default resource.'],
    ['RFC9068-11', '4', 'SHOULD', 'Signatures are asymmetric, and the metadata points to the keys and names the issuer.'],
    ['RFC9068-12', '4', 'MUST', 'A JWT of another type is refused.'],
    ['RFC9068-13', '4', 'MUST', 'A token of another issuer is refused.'],
    ['RFC9068-14', '4', 'MUST', 'A token for another audience is refused.'],
    ['RFC9068-15', '4', 'MUST', 'A token with a wrong signature, an unknown key, another algorithm or alg none is refused.'],
    ['RFC9068-16', '4', 'MUST', 'An expired token is refused.'],
    ['RFC9068-17', '4', 'MUST', 'Each of these refusals is an invalid_token.'],
    ['RFC9068-18', '5', 'MUST', 'Different resources of one issuer have different audiences.'],
    ['RFC9068-19', '3', 'SHOULD', 'Without a resource in the request aud is inferred from its scopes.', { declined: 'What a token is for never follows from names of scopes, which two resources may share: it is the resource that the request names, or the default one.' }],
    ['RFC9068-20', '3', 'SHOULD', 'Scopes of different resources in one request are an invalid_scope.'],
  ],
);

export const rfc9207 = requirementsOf(
  {
    name: 'RFC 9207',
    title: 'Authorization Server Issuer Identification',
    url: 'https://www.rfc-editor.org/rfc/rfc9207',
  },
  // biome-ignore format: one requirement a line
  [
    ['RFC9207-01', '2', 'MUST', 'Every authorization response has iss, errors included.'],
    ['RFC9207-02', '2', 'MUST', 'iss is an https URL without query and fragment.'],
    ['RFC9207-03', '2.3', 'MUST', 'iss is identical to the issuer in the metadata.'],
    ['RFC9207-04', '2.3', 'MUST', 'authorization_response_iss_parameter_supported is true.'],
  ],
);
