import { OAuthError } from '../../core/errors.ts';
import { privateJson, type RequestContext } from '../../core/http.ts';
import { Params } from '../../core/params.ts';
import type { Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import { AuthenticatedClient, requireAdmitted } from './client-authentication.ts';
import { type ProvenKey, reportRefusedProof } from './sender-constraint.ts';
import { TokenSet } from './token-set.ts';

/**
 * `POST /token`, in this order:
 *
 * | step | refuses with |
 * |---|---|
 * | form body, parameters once | `invalid_request` |
 * | client authentication | `invalid_client` (401), after too many failures 429 |
 * | client approved, where an administrator has to | `unauthorized_client` |
 * | `grant_type` present and served | `invalid_request`, `unsupported_grant_type` |
 * | client registered for it | `unauthorized_client` |
 * | proof of the key that tokens are bound to | `invalid_dpop_proof`, `use_dpop_nonce` |
 * | the grant's own handler | its own errors |
 *
 * @see RFC 6749 §3.2
 */
export async function tokenEndpoint(
  request: Request,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<Response> {
  const params = await Params.ofForm(request);
  const client = await AuthenticatedClient.authenticate(request.headers, params, provider, context);
  requireAdmitted(client.client);
  const grantType = params.require('grant_type');
  const handler = provider.grantHandlers.get(grantType);
  if (handler === undefined) {
    throw new OAuthError(
      'unsupported_grant_type',
      `grant type '${grantType}' is not supported; supported: ${[...provider.grantHandlers.keys()].join(', ')}`,
    );
  }
  if (!client.client.grantTypes.includes(grantType)) {
    throw new OAuthError('unauthorized_client', `the client is not registered for grant type '${grantType}'`);
  }
  try {
    const proven = await provenKey(request, client.client, provider);
    const tokens = await handler(client, params, provider, {
      ...context,
      ...(proven === undefined ? {} : { keyThumbprint: proven.keyThumbprint }),
    });
    TokenSet.assert(tokens);
    return privateJson(tokens, { headers: proven?.responseHeaders ?? {} });
  } catch (error) {
    reportRefusedProof(error, client.client, provider);
    throw error;
  }
}

/**
 * The key that tokens are to be bound to, if any.
 * @throws OAuthError `invalid_dpop_proof` also where there is no proof and the client or this server wants one
 * @see RFC 9449 §5, §5.2
 */
async function provenKey(
  request: Request,
  { dpopBoundAccessTokens }: Client,
  provider: OAuthProvider,
): Promise<ProvenKey | undefined> {
  const { senderConstraint } = provider;
  if (senderConstraint !== undefined && request.headers.has(senderConstraint.proofHeader))
    return senderConstraint.prove(request, { url: provider.endpointUrl('token') });
  if (senderConstraint?.isRequired === true) {
    throw new OAuthError(
      'invalid_dpop_proof',
      'this server issues tokens to the holder of a key only: send a DPoP proof',
    );
  }
  // Also where DPoP was switched off meanwhile: a client that asked for bound tokens must not get others.
  if (dpopBoundAccessTokens === true) {
    throw new OAuthError(
      'invalid_dpop_proof',
      'the client registered dpop_bound_access_tokens: send a DPoP proof, or register without it',
    );
  }
  return undefined;
}
