import { OAuthError } from '../../core/errors.ts';
import type { RequestContext } from '../../core/http.ts';
import type { ClientId } from '../../core/ids.ts';
import type { Params } from '../../core/params.ts';
import { type Client, hasDocument } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { ClientAuthenticationMethod, PresentedCredentials } from './client-authentication-method.ts';

/** Parameters that authenticate a client, and are part of no request beside that. */
export const credentialParameters: readonly string[] = ['client_secret', 'client_assertion', 'client_assertion_type'];

/** Proof that a request came from this client: it presented its credentials, or is public and has none. */
export class AuthenticatedClient {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  /**
   * Authenticates the client of a token or revocation request, in this order:
   * credentials of one method, never of two → no delay after failures → client known → its registered method → credentials.
   * @throws OAuthError `invalid_client` (401), with a `WWW-Authenticate: Basic` challenge where Basic was tried;
   * `temporarily_unavailable` (429) with `Retry-After` after too many failures
   * @see RFC 6749 §2.3
   */
  static async authenticate(
    headers: Headers,
    params: Params,
    provider: OAuthProvider,
    context: RequestContext,
  ): Promise<AuthenticatedClient> {
    const presented = presentedIn(headers, params, provider);
    return new AuthenticatedClient(
      presented === undefined
        ? await publicClient(params, provider)
        : await confidentialClient(presented, provider, context),
    );
  }

  /** @throws TypeError for anything that `authenticate` did not make */
  static assert(value: AuthenticatedClient): void {
    if (!(#client in value)) throw new TypeError('not an AuthenticatedClient');
  }

  get client(): Client {
    return this.#client;
  }
}

interface Presented {
  readonly method: ClientAuthenticationMethod;
  readonly credentials: PresentedCredentials;
}

function presentedIn(headers: Headers, params: Params, provider: OAuthProvider): Presented | undefined {
  const used = [...provider.clientAuthenticationMethods.values()].filter(({ sentIn }) =>
    'header' in sentIn
      ? (headers.get(sentIn.header) ?? '') !== ''
      : sentIn.parameters.some((name) => params.get(name) !== undefined),
  );
  // RFC 6749 §2.3: a client MUST NOT use more than one authentication method in a request.
  if (used.length > 1) {
    const names = used.map(({ name }) => name).join(' and ');
    throw new OAuthError('invalid_request', `the request has credentials of ${names}; send those of one method`);
  }
  const [method] = used;
  return method === undefined ? undefined : { method, credentials: method.read(headers, params, provider) };
}

async function publicClient(params: Params, provider: OAuthProvider): Promise<Client> {
  const clientId = params.get('client_id');
  if (clientId === undefined)
    throw new OAuthError('invalid_client', 'no client authentication: send client_id, or credentials');
  // OAuth 2.1 §3.2.2: authentication that is there is not passed over because its method is not supported.
  if (params.get('client_assertion') !== undefined || params.get('client_assertion_type') !== undefined)
    throw new OAuthError('invalid_client', 'client assertions are not supported by this server');
  const client = await provider.getClient(clientId as ClientId);
  if (client?.tokenEndpointAuthMethod === 'none') return client;
  throw new OAuthError(
    'invalid_client',
    'no public client with this client_id is registered here: register again, or send the credentials of the method that the client is registered for',
  );
}

async function confidentialClient(
  { method, credentials }: Presented,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<Client> {
  const attempt = await provider.clientThrottle.begin(credentials, context);
  if (!attempt.allowed) throw tooManyFailures(attempt.retryAfterSeconds, credentials, provider, context);
  try {
    const client = await clientWithItsKeys(credentials.clientId, provider);
    const registered = client?.tokenEndpointAuthMethod === method.name ? client : undefined;
    const wrong = await credentials.verify(registered);
    if (registered !== undefined && wrong === undefined) {
      await attempt.succeeded();
      return registered;
    }
    const reason = registered === undefined ? otherwiseRegistered(client, method) : wrong;
    throw refused(method, reason, credentials, provider, context);
  } catch (error) {
    // What the client is not to blame for does not count.
    if (!(error instanceof OAuthError) || error.status >= 500) await attempt.cancelled();
    else attempt.failed();
    throw error;
  }
}

// Keys that a metadata document no longer has are nobody's. What was granted outlives the document.
async function clientWithItsKeys(clientId: ClientId, provider: OAuthProvider): Promise<Client | undefined> {
  const stored = await provider.getClient(clientId);
  if (stored === undefined || !hasDocument(stored)) return stored;
  return (await provider.metadataDocuments.current(stored)) ?? stored;
}

function otherwiseRegistered(client: Client | undefined, { name }: ClientAuthenticationMethod): string {
  return client === undefined
    ? 'unknown client'
    : `the client is registered for ${client.tokenEndpointAuthMethod}, and ${name} was used`;
}

// One description for all of these: to strangers, a client that is not there is like one whose secret they do not know.
function refused(
  { name, fault, challenge }: ClientAuthenticationMethod,
  reason: string | undefined,
  { clientId }: PresentedCredentials,
  provider: OAuthProvider,
  context: RequestContext,
): OAuthError {
  provider.report({
    name: 'client.authentication_failed',
    clientId: clientId.slice(0, 200),
    ...(reason === undefined ? {} : { reason }),
    ...context,
  });
  return new OAuthError(
    'invalid_client',
    `no client with this client_id is registered here for ${name}, or ${fault}`,
    challenge === undefined ? {} : { headers: { 'www-authenticate': challenge } },
  );
}

function tooManyFailures(
  seconds: number,
  { clientId }: PresentedCredentials,
  provider: OAuthProvider,
  context: RequestContext,
): OAuthError {
  provider.report({
    name: 'request.rate_limited',
    clientId: clientId.slice(0, 200),
    reason: 'too many failures to authenticate a client',
    ...context,
  });
  return new OAuthError(
    'temporarily_unavailable',
    `client authentication has failed too often; try again in ${seconds} seconds`,
    { status: 429, headers: { 'retry-after': String(seconds) } },
  );
}

/** @throws OAuthError `unauthorized_client` where an administrator has to approve the client first */
export function requireAdmitted({ clientId, admission }: Pick<Client, 'clientId' | 'admission'>): void {
  if (admission === 'pending')
    throw new OAuthError('unauthorized_client', `an administrator has to approve client '${clientId}' first`, {
      parameter: 'client_id',
      hint: `look at it with: portcullis client list --pending; then: portcullis client approve ${clientId}`,
    });
}
