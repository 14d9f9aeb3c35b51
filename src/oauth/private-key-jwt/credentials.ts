import { OAuthError } from '../../core/errors.ts';
import type { Params } from '../../core/params.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { PresentedCredentials } from '../token/client-authentication-method.ts';
import { parseAssertion } from './assertion.ts';
import { verifyAssertion } from './verify.ts';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * The assertion in a request: `client_assertion` with its type, and of the client that `client_id` names where it is sent.
 * @throws OAuthError `invalid_request` where one is there without the other, otherwise `invalid_client`
 * @see RFC 7521 §4.2, RFC 7523 §2.2
 */
export function readAssertion(_headers: Headers, params: Params, provider: OAuthProvider): PresentedCredentials {
  const jwt = params.get('client_assertion');
  const type = params.get('client_assertion_type');
  if (jwt === undefined)
    throw new OAuthError('invalid_request', 'client_assertion_type is there without client_assertion');
  if (type === undefined)
    throw new OAuthError(
      'invalid_request',
      `client_assertion is there without client_assertion_type; send ${assertionType}`,
    );
  if (type !== assertionType)
    throw new OAuthError('invalid_client', `client_assertion_type is not supported; use ${assertionType}`);
  const assertion = parseAssertion(jwt, provider);
  const named = params.get('client_id');
  if (named !== undefined && named !== assertion.clientId)
    throw new OAuthError('invalid_client', 'client_id differs from the iss and sub of the assertion');
  return {
    clientId: assertion.clientId,
    // The header is the same every time, with a kid that strangers are not told.
    familiar: assertion.header,
    verify: (client) => verifyAssertion(assertion, client, provider),
  };
}
