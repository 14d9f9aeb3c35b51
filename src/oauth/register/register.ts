import { hashSecret } from '../../core/hash.ts';
import { privateJson, type RequestContext } from '../../core/http.ts';
import type { ClientId, SecretHash } from '../../core/ids.ts';
import { randomId } from '../../core/random.ts';
import type { Admission, Client } from '../../core/records.ts';
import { formatScope } from '../../core/scopes.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { StatedMetadata } from '../software-statement/statements.ts';
import { hasSecret } from '../token/client-authentication-method.ts';
import { mintSecret } from '../token/mint.ts';
import { bearerRefusal, bearerTokenOf } from './bearer-token.ts';
import { managesRegistrations } from './check-policy.ts';
import { parseClientMetadata } from './client-metadata.ts';
import { jsonBody } from './json-body.ts';
import { managementMembers } from './management-members.ts';

/** What may let a client in. */
interface Credentials {
  /** Of an initial access token. */
  readonly invitation: SecretHash | undefined;
  readonly statement: StatedMetadata['statement'];
}

/**
 * `POST /register`, in this order: initial access token, where the policy asks for one → JSON body → software statement,
 * which may stand in for the token → metadata parsed, unknown members dropped → id and secrets minted → stored as the policy
 * says (secrets as hashes), the token's use counted with it → answered, secrets included, this once.
 * @see RFC 7591 §3, RFC 7592 §3
 */
export async function registerEndpoint(
  request: Request,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<Response> {
  const invitation = initialAccessToken(request, provider);
  const { metadata: sent, statement } = await provider.softwareStatements.apply(await jsonBody(request));
  requireCredentials({ invitation, statement }, provider);
  const metadata = parseClientMetadata(sent, provider);
  const now = provider.clock.now();
  const secret = hasSecret(metadata.tokenEndpointAuthMethod, provider) ? mintSecret(provider.random) : undefined;
  const management = managesRegistrations(provider) ? mintSecret(provider.random) : undefined;
  const lifetime = provider.settings.registration.clientSecretLifetime;
  const client: Client = {
    ...metadata,
    clientId: randomId(provider.random) as ClientId,
    registeredBy: 'dynamic',
    issuedAt: now,
    ...(secret === undefined ? {} : { clientSecretHash: secret.hash }),
    ...(secret === undefined || lifetime === undefined ? {} : { clientSecretExpiresAt: now + lifetime }),
    ...(management === undefined ? {} : { registrationTokenHash: management.hash }),
    ...(statement === undefined ? {} : { software: statement.record }),
  };
  const admission = await admit(client, { invitation, statement }, provider, context);
  provider.report({
    name: 'client.registered',
    clientId: client.clientId,
    ...(admission === undefined ? {} : { outcome: admission }),
    ...context,
  });
  return privateJson(
    {
      ...registrationResponse(client, secret?.secret),
      ...(management === undefined ? {} : managementMembers(client, management.secret, provider)),
    },
    { status: 201 },
  );
}

/** The initial access token that the policy reads. */
function initialAccessToken(request: Request, provider: OAuthProvider): SecretHash | undefined {
  switch (provider.settings.registration.policy) {
    case 'off':
    case 'open':
      return undefined;
    case 'approval':
    case 'token': {
      const token = provider.registerInvitedClient && bearerTokenOf(request);
      // Nothing more is read of who has neither a token nor what may stand in for one.
      if (token === undefined && !provider.softwareStatements.mayAdmit)
        requireCredentials({ invitation: undefined, statement: undefined }, provider);
      return token === undefined ? undefined : hashSecret(token);
    }
  }
}

/** @throws OAuthError `invalid_token` where the policy asks for a token, and nothing stands in for it */
function requireCredentials({ invitation, statement }: Credentials, provider: OAuthProvider): void {
  if (provider.settings.registration.policy !== 'token' || invitation !== undefined || statement?.admits === true)
    return;
  const others = provider.softwareStatements.mayAdmit
    ? ', or send the software_statement of an issuer whose clients are let in without one'
    : '';
  throw bearerRefusal(
    `clients register here with an initial access token of the administrator: send it as Authorization: Bearer${others}`,
  );
}

/** Stores the client as the policy says. */
async function admit(
  client: Client,
  { invitation, statement }: Credentials,
  provider: OAuthProvider,
  context: RequestContext,
): Promise<Admission | undefined> {
  const { policy } = provider.settings.registration;
  if (invitation !== undefined) {
    if (await provider.registerInvitedClient?.({ ...client, admission: 'invited' }, invitation)) return 'invited';
    provider.report({ name: 'client.registration_refused', reason: 'wrong initial access token', ...context });
    throw bearerRefusal('the initial access token is wrong, used up or expired: ask the administrator for another');
  }
  if (statement?.admits === true) {
    await provider.registerClient({ ...client, admission: 'vouched' });
    return 'vouched';
  }
  if (policy === 'approval') {
    await provider.registerPendingClient?.({ ...client, admission: 'pending' });
    return 'pending';
  }
  await provider.registerClient(client);
  return undefined;
}

/**
 * A client as the registration endpoint describes it.
 * @param secret the client secret in the clear, known only at the moment it is minted
 * @see RFC 7591 §3.2.1
 */
export function registrationResponse(client: Client, secret: string | undefined): Record<string, unknown> {
  return {
    client_id: client.clientId,
    client_id_issued_at: Math.floor(client.issuedAt / 1000),
    client_secret: secret,
    client_secret_expires_at: secret === undefined ? undefined : Math.floor((client.clientSecretExpiresAt ?? 0) / 1000),
    redirect_uris: client.redirectUris,
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    token_endpoint_auth_signing_alg: client.tokenEndpointAuthSigningAlg,
    jwks: client.jwks,
    jwks_uri: client.jwksUri,
    grant_types: client.grantTypes,
    response_types: client.responseTypes,
    scope: client.scopes.length === 0 ? undefined : formatScope(client.scopes),
    application_type: client.applicationType,
    client_name: client.clientName,
    client_uri: client.clientUri,
    logo_uri: client.logoUri,
    tos_uri: client.tosUri,
    policy_uri: client.policyUri,
    contacts: client.contacts,
    software_id: client.softwareId,
    software_version: client.softwareVersion,
    require_pushed_authorization_requests: client.requirePushedRequests,
    dpop_bound_access_tokens: client.dpopBoundAccessTokens,
    software_statement: client.software?.statement,
  };
}
