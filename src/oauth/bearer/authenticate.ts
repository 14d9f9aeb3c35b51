import { OAuthError } from '../../core/errors.ts';
import { peekBody, type RequestContext } from '../../core/http.ts';
import { formatScope } from '../../core/scopes.ts';
import { textResponse } from '../../core/text-response.ts';
import { signInChallenge, unmetSignInDemand } from '../step-up/demanded-sign-in.ts';
import type { Gate } from '../token/gate.ts';
import { type Challenge, challengeResponse, isChallengeError, type TokenScheme } from './challenge.ts';
import { decideScopes, headerMismatch, type McpOperation, readOperations } from './mcp-operations.ts';
import { checkOrigin } from './origin.ts';
import { admitToken, presentedToken, type RefusedToken, unusableToken } from './presented-token.ts';
import type { VerifiedAccessToken } from './verified-access-token.ts';

/** Either the request may pass, or here is the response to send instead. */
export type Authentication =
  | {
      readonly token: VerifiedAccessToken;
      readonly body: unknown;
      /** To be added to the response of the handler: what the client needs for its next proof. */
      readonly responseHeaders: Readonly<Record<string, string>>;
      readonly response?: undefined;
    }
  | { readonly token?: undefined; readonly response: Response };

export interface AuthenticateOptions extends RequestContext {
  /** The MCP message, where the host has parsed the body already. `undefined`: it is read from the request. */
  readonly body?: unknown;
  /** The resource that the request is for, as the configuration calls it. Default: the only one that is served here. */
  readonly resource?: string | undefined;
  /** Scopes that this request needs besides the resource's required ones and its tools'. */
  readonly scopes?: readonly string[];
}

/** How old a token's verification may be when the request's body is complete: milliseconds. */
const verificationHoldsFor = 1000;

/**
 * Decides on a request to the MCP endpoint, in this order:
 *
 * | step | refused with |
 * |---|---|
 * | `Host` and `Origin` are this server's | 403 |
 * | one `Authorization: Bearer` or `DPoP`, nowhere else | 401 challenge without error; 400 `invalid_request` where malformed |
 * | token alive, issued for this resource, still so when a slow body is complete | 401 `invalid_token` |
 * | the key that it is bound to proved for this request | 401 `invalid_token`, `invalid_dpop_proof`, `use_dpop_nonce` |
 * | body is JSON, `Mcp-*` headers agree with it | 400 |
 * | scopes of the operation | 403 `insufficient_scope`, all that are needed |
 * | user signed in as recently and as strongly as scopes and tools demand | 401 `insufficient_user_authentication`, with what is needed |
 *
 * @throws ConfigurationError where several resources are served here and the options name none
 * @see MCP authorization 2026-07-28, RFC 6750 §2.1, §3, RFC 9449 §7, RFC 9470 §3
 */
export async function authenticateRequest(
  request: Request,
  provider: Gate,
  options: AuthenticateOptions,
): Promise<Authentication> {
  const resource = provider.resources.guarded(options.resource);
  const withOwn = (scopes: readonly string[]) =>
    options.scopes === undefined ? scopes : [...new Set([...scopes, ...options.scopes])];
  const requiredScopes = withOwn(resource.requiredScopes);
  const { senderConstraint } = provider;
  const challenge = (scheme: TokenScheme, refusal: Partial<Challenge> = {}): Authentication => ({
    response: challengeResponse({
      // What a client that begins should ask for; who has a good token is told what it lacks instead.
      scopes: withOwn(resource.suggestedScopes),
      resourceMetadataUrl: resource.metadataUrl,
      scheme,
      ...(senderConstraint === undefined ? {} : { proofAlgorithms: senderConstraint.algorithms }),
      ...refusal,
    }),
  });

  const foreign = refuseForeignOrigin(request, provider, options);
  if (foreign !== undefined) return { response: foreign };

  const expectedScheme = senderConstraint?.isRequired === true ? 'DPoP' : 'Bearer';
  const presented = presentedToken(request.headers, provider);
  if (presented === undefined) return challenge(expectedScheme);
  // RFC 6750 §3.1: malformed is 400; without any token it is as if the header were not there.
  if (presented instanceof OAuthError) return challenge(expectedScheme, refusalOf(presented));
  const rejected = ({ error, scheme }: RefusedToken) => {
    // The nonce has changed: nothing is wrong with the token.
    if (error.code !== 'use_dpop_nonce')
      provider.report({ name: 'token.rejected', reason: error.description, ...contextOf(options) });
    return challenge(scheme, refusalOf(error));
  };
  const verifiedAt = provider.clock.now();
  const admitted = await admitToken(request, presented, resource.uri, provider);
  if (admitted.token === undefined) return rejected(admitted);
  let token: VerifiedAccessToken | undefined = admitted.token;

  let body: unknown;
  try {
    body = options.body === undefined ? await mcpBody(request) : options.body;
    if (body !== undefined && !isJsonContainer(body)) {
      throw new OAuthError('invalid_request', 'the body must be a JSON object or array');
    }
  } catch (error) {
    if (error instanceof OAuthError) return { response: plainError(error.status, error.description) };
    throw error;
  }
  // Whoever sends the last byte of a request late enough could otherwise do so after the token was revoked.
  if (provider.clock.now() - verifiedAt >= verificationHoldsFor) token = await admitted.again();
  if (token === undefined) return rejected({ error: unusableToken(), scheme: presented.scheme });
  const operations: readonly McpOperation[] = body === undefined ? [] : readOperations(body);
  const mismatch = headerMismatch(operations, request.headers);
  if (mismatch !== undefined) return { response: jsonRpcError(400, -32_020, mismatch, requestIdOf(body)) };

  const decision = decideScopes(operations, token.scopes, requiredScopes, resource.scopes);
  if (decision.allowed) {
    const now = provider.clock.now();
    const unmet = unmetSignInDemand(operations, token.scopes, requiredScopes, resource.scopes, token.signIn, now);
    if (unmet === undefined) return { token, body, responseHeaders: admitted.responseHeaders };
    const needed = signInChallenge(unmet, resource.scopes.acrValues);
    return challenge(presented.scheme, { ...needed, scopes: decision.scopes, headers: admitted.responseHeaders });
  }
  if ('lockedTool' in decision) {
    // No challenge: there is no scope that the client could come back with.
    return {
      response: plainError(
        403,
        `no scope of this resource unlocks tool '${decision.lockedTool.slice(0, 100)}'`,
        requestIdOf(body),
      ),
    };
  }
  provider.report({
    name: 'token.scope_insufficient',
    clientId: token.clientId,
    subject: token.subject,
    reason: `needs ${formatScope(decision.scopes)}; has ${formatScope(token.scopes)}`,
    ...contextOf(options),
  });
  return challenge(presented.scheme, {
    error: 'insufficient_scope',
    description: 'the access token lacks a scope that this request needs',
    scopes: decision.scopes,
    headers: admitted.responseHeaders,
  });
}

/**
 * The 403 for a request that is not addressed to this server, or comes from a web page that may not call it; `undefined`
 * where it may pass. `OAuthProvider.authenticate` begins with it.
 * @see MCP 2026-07-28, transports, "Security & Endpoint"
 */
export function refuseForeignOrigin(
  request: Request,
  provider: Pick<Gate, 'allowedOrigins' | 'report'>,
  context: RequestContext = {},
): Response | undefined {
  const reason = checkOrigin(request, provider.allowedOrigins);
  if (reason === undefined) return undefined;
  provider.report({ name: 'request.origin_refused', reason, ...contextOf(context) });
  return plainError(403, reason);
}

// Another error is none of a token's: the provider could not tell.
function refusalOf(error: OAuthError): Pick<Challenge, 'error' | 'description' | 'headers'> {
  const { code, description, headers } = error;
  if (!isChallengeError(code)) throw error;
  return { error: code, description, headers };
}

// Whatever the method and the content type say, so that no handler reads an operation that was not judged.
async function mcpBody(request: Request): Promise<unknown> {
  const text = await peekBody(request);
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new OAuthError('invalid_request', 'the body is not valid JSON');
  }
}

// What a framework left in place of the body may be a stream, a form or bytes, in which a handler finds what was not judged.
function isJsonContainer(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  const prototype: unknown = Object.getPrototypeOf(body);
  return Array.isArray(body) || prototype === null || Object.getPrototypeOf(prototype) === null;
}

function contextOf({ clientAddress, requestId }: RequestContext): RequestContext {
  return {
    ...(clientAddress === undefined ? {} : { clientAddress }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

/** A JSON-RPC id, as the answer repeats it. @see MCP 2026-07-28, schema, `RequestId` */
type RequestId = string | number;

function requestIdOf(body: unknown): RequestId | undefined {
  const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : undefined;
  return typeof id === 'string' || Number.isSafeInteger(id) ? (id as RequestId) : undefined;
}

function plainError(status: number, message: string, id?: RequestId): Response {
  return jsonRpcError(status, -32_000, message, id);
}

// Without an id where none is known: the schema has no null there.
function jsonRpcError(status: number, code: number, message: string, id?: RequestId): Response {
  return textResponse(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } }), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  });
}
