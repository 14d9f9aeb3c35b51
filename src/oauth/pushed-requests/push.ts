import { OAuthError } from '../../core/errors.ts';
import { privateJson, type RequestContext } from '../../core/http.ts';
import { Params } from '../../core/params.ts';
import type { Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import { mayAuthorize } from '../authorization-code/authorize.ts';
import { requestUriPrefix } from '../authorization-code/pushed.ts';
import { ValidatedRedirectUri } from '../authorization-code/redirect-uri.ts';
import { parseAuthorizeRequest } from '../authorization-code/request.ts';
import { AuthenticatedClient, credentialParameters } from '../token/client-authentication.ts';
import { mintSecret } from '../token/mint.ts';
import type { ProvenKey } from '../token/sender-constraint.ts';

// What is pushed is kept, and by clients that are nobody in particular: real requests are far shorter.
const maximumPushedBytes = 16 * 1024;

/**
 * `POST /par`, in this order. Every error is answered directly, with the code that `/authorize` would have sent.
 *
 * | step | refuses with |
 * |---|---|
 * | form body, parameters once | `invalid_request`, 413 |
 * | a client known by a metadata document: obtained, and stored | `invalid_client` (400), `temporarily_unavailable` |
 * | client authentication, as at the token endpoint | `invalid_client` (401) |
 * | client registered for the code grant | `unauthorized_client` |
 * | no `request_uri` | `invalid_request` |
 * | `redirect_uri` matched; everything else that `/authorize` checks | its own errors |
 * | proof of the key that the code is to be bound to, where one is sent | `invalid_dpop_proof`, `use_dpop_nonce` |
 * | room for it | `temporarily_unavailable` (503) |
 *
 * @see RFC 9126 §2, RFC 9449 §10.1
 */
export async function pushEndpoint(
  request: Request,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<Response> {
  const params = await Params.ofForm(request, maximumPushedBytes);
  await provider.metadataDocuments.introduce(params.get('client_id'), context);
  const { client } = await AuthenticatedClient.authenticate(request.headers, params, provider, context);
  const { clientId } = client;
  try {
    checkPushed(params, client, provider);
  } catch (error) {
    if (error instanceof OAuthError)
      provider.report({ name: 'authorization.refused', clientId, reason: error.message, ...context });
    throw error;
  }
  const proven = await provenKey(request, params, provider);
  const lifetime = provider.lifetimes.pushedRequest;
  const { secret, hash } = mintSecret(provider.random);
  await provider.pushAuthorizationRequest?.(client, {
    hash,
    clientId,
    parameters: boundParameters(params, proven),
    expiresAt: provider.clock.now() + lifetime,
  });
  provider.report({ name: 'authorization.pushed', clientId, ...context });
  const body = { request_uri: `${requestUriPrefix}${secret}`, expires_in: Math.floor(lifetime / 1000) };
  return privateJson(body, { status: 201, headers: proven?.responseHeaders ?? {} });
}

/** @throws OAuthError where `/authorize` would refuse it */
function checkPushed(params: Params, client: Client, provider: OAuthProvider): void {
  mayAuthorize(client);
  // RFC 9126 §2.1: request_uri MUST NOT be provided.
  if (params.get('request_uri') !== undefined)
    throw new OAuthError('invalid_request', "parameter 'request_uri' cannot be pushed; send the parameters themselves");
  parseAuthorizeRequest(params, client, ValidatedRedirectUri.match(client, params.get('redirect_uri')), provider);
}

/**
 * The key that the request proves, if any.
 * @throws OAuthError where the proof is wrong, or not of the key that `dpop_jkt` names
 * @see RFC 9449 §10.1
 */
async function provenKey(request: Request, params: Params, provider: OAuthProvider): Promise<ProvenKey | undefined> {
  const { senderConstraint } = provider;
  if (senderConstraint === undefined || !request.headers.has(senderConstraint.proofHeader)) return undefined;
  const proven = await senderConstraint.prove(request, { url: provider.endpointUrl('pushedRequest') });
  const named = params.get('dpop_jkt');
  if (named !== undefined && named !== proven.keyThumbprint)
    throw new OAuthError('invalid_request', 'dpop_jkt is not the thumbprint of the key in the DPoP proof');
  return proven;
}

/** What is kept: with the key that was proved as if `dpop_jkt` had named it. */
function boundParameters(params: Params, proven: ProvenKey | undefined): string {
  const sent = params.encodedWithout(credentialParameters);
  const isNamed = proven === undefined || params.get('dpop_jkt') !== undefined;
  return isNamed ? sent : `${sent}&dpop_jkt=${proven.keyThumbprint}`;
}
