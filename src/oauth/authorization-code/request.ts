import { OAuthError } from '../../core/errors.ts';
import type { ResourceUri } from '../../core/ids.ts';
import type { Params } from '../../core/params.ts';
import type { Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import { requestedResource, requestedScopes } from '../token/resource.ts';
import { isCodeChallenge } from './pkce.ts';
import type { ValidatedRedirectUri } from './redirect-uri.ts';
import { type RequestedSignIn, requestedSignIn } from './sign-in.ts';

export type Prompt = 'none' | 'login' | 'consent' | 'select_account';
// Kept until the user has decided, for whoever asks: what clients send is far shorter.
const maximumStateLength = 4096;
const maximumLoginHintLength = 320;
const prompts: readonly string[] = ['none', 'login', 'consent', 'select_account'] satisfies Prompt[];

/** A checked authorization request: what a subclass's `authorize` signs the user in and asks consent for. */
export interface AuthorizeRequest extends RequestedSignIn {
  readonly client: Client;
  readonly redirectUri: ValidatedRedirectUri;
  /** Whether the request named `redirect_uri`; the token request must then name it again. */
  readonly redirectUriWasSent: boolean;
  readonly codeChallenge: string;
  /** Of the resource. Never empty where it has any: an omitted `scope` stands for the default ones. */
  readonly scopes: readonly string[];
  readonly resource: ResourceUri;
  readonly state?: string;
  readonly prompt: readonly Prompt[];
  readonly loginHint?: string;
  /** Thumbprint of the key that the code's redemption must prove. @see RFC 9449 §10 */
  readonly keyThumbprint?: string;
}

/**
 * Checks all parameters but `client_id` and `redirect_uri`, which the endpoint has checked before. Every error here may
 * be redirected to the client.
 * @throws OAuthError
 * @see OAuth 2.1 §4.1.1, RFC 7636 §4.3, RFC 8707 §2, OpenID Connect Core §3.1.2.1 (`prompt`, `max_age`, `acr_values`)
 */
export function parseAuthorizeRequest(
  params: Params,
  client: Client,
  redirectUri: ValidatedRedirectUri,
  provider: OAuthProvider,
): AuthorizeRequest {
  checkResponseType(params);
  refuseUnsupported(params);
  const state = boundedParameter(params, 'state', maximumStateLength);
  const keyThumbprint = provider.senderConstraint === undefined ? undefined : requestedKey(params);
  const loginHint = boundedParameter(params, 'login_hint', maximumLoginHintLength);
  const resource = requestedResource(params, client, provider);
  const scopes = requestedScopes(params, client, resource);
  const prompt = requestedPrompts(params);
  return {
    client,
    redirectUri,
    redirectUriWasSent: params.get('redirect_uri') !== undefined,
    codeChallenge: codeChallenge(params),
    scopes,
    resource: resource.uri,
    prompt,
    ...requestedSignIn(params, resource.scopes.demandOf(scopes), prompt, provider.acrValues, provider.clock.now()),
    ...(state === undefined ? {} : { state }),
    ...(loginHint === undefined ? {} : { loginHint }),
    ...(keyThumbprint === undefined ? {} : { keyThumbprint }),
  };
}

function checkResponseType(params: Params): void {
  const responseType = params.require('response_type');
  if (responseType !== 'code') {
    throw new OAuthError('unsupported_response_type', `response_type '${responseType}' is not supported; use code`);
  }
  const mode = params.get('response_mode');
  if (mode !== undefined && mode !== 'query') {
    throw new OAuthError('invalid_request', `response_mode '${mode}' is not supported; use query`);
  }
}

// Silently ignoring these would change what the client believes it asked for. RFC 9101 §7.
function refuseUnsupported(params: Params): void {
  if (params.get('request') !== undefined)
    throw new OAuthError('request_not_supported', "parameter 'request' is not supported by this server");
  if (params.get('request_uri') !== undefined)
    throw new OAuthError(
      'request_uri_not_supported',
      'this server takes a request_uri only from its own pushed authorization request endpoint, and fetches none',
    );
}

function boundedParameter(params: Params, name: string, limit: number): string | undefined {
  const value = params.get(name);
  if (value !== undefined && value.length > limit)
    throw new OAuthError('invalid_request', `parameter '${name}' is longer than ${limit} characters`);
  return value;
}

function codeChallenge(params: Params): string {
  const challenge = params.require('code_challenge');
  // RFC 7636 §4.3: an omitted method means plain, which OAuth 2.1 §7.5.2 lets a server refuse.
  const method = params.get('code_challenge_method') ?? 'plain';
  if (method !== 'S256') throw new OAuthError('invalid_request', 'code_challenge_method must be S256');
  if (!isCodeChallenge(challenge))
    throw new OAuthError(
      'invalid_request',
      'code_challenge must be 43 base64url characters: the SHA-256 of the verifier',
    );
  return challenge;
}

function requestedKey(params: Params): string | undefined {
  const thumbprint = params.get('dpop_jkt');
  if (thumbprint !== undefined && !/^[A-Za-z0-9_-]{43}$/.test(thumbprint)) {
    throw new OAuthError(
      'invalid_request',
      'dpop_jkt must be 43 base64url characters: the SHA-256 thumbprint of the DPoP key (RFC 7638)',
    );
  }
  return thumbprint;
}

function requestedPrompts(params: Params): readonly Prompt[] {
  const values = [...new Set((params.get('prompt') ?? '').split(' ').filter((value) => value !== ''))];
  const unknown = values.find((value) => !prompts.includes(value));
  if (unknown !== undefined)
    throw new OAuthError(
      'invalid_request',
      `prompt '${unknown}' is not supported; use none, login, consent or select_account`,
    );
  if (values.includes('none') && values.length > 1)
    throw new OAuthError('invalid_request', "prompt 'none' cannot be combined with another");
  return values as Prompt[];
}
