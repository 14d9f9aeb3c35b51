import * as z from 'zod';
import { OAuthError } from '../../core/errors.ts';
import type { Client, ClientKeys, Registrar } from '../../core/records.ts';
import { parseScope } from '../../core/scopes.ts';
import type { OAuthProvider } from '../../provider.ts';
import { supportedMethods } from '../token/client-authentication-method.ts';
import { deviceCodeGrant, letsUseDevices } from '../token/device-clients.ts';
import { checkRedirectUris } from './redirect-uris.ts';

const text = (limit: number) =>
  z
    .string()
    .min(1)
    .max(limit)
    .regex(/^[^\p{Cc}\ufffd]*$/u, 'contains control characters');

const webPage = text(2048).refine(
  (value) => /^https?:\/\/[^\s\\]+$/.test(value) && URL.canParse(value),
  'must be an http or https URL',
);

/**
 * What a client may say of itself. Members that are not here are dropped, as RFC 7591 §2 allows: a client can claim
 * nothing that the server did not decide to understand.
 */
const clientMetadata = z.object({
  redirect_uris: z.array(z.string()).min(1).max(1000),
  token_endpoint_auth_method: text(100).default('client_secret_basic'),
  token_endpoint_auth_signing_alg: text(50).optional(),
  jwks: z.unknown().optional(),
  jwks_uri: text(2048).optional(),
  grant_types: z.array(text(200)).max(20).default(['authorization_code', 'refresh_token']),
  response_types: z.array(text(50)).max(10).default(['code']),
  application_type: z.enum(['native', 'web']).optional(),
  client_name: text(200).optional(),
  client_uri: webPage.optional(),
  logo_uri: webPage.optional(),
  tos_uri: webPage.optional(),
  policy_uri: webPage.optional(),
  contacts: z.array(text(320)).max(10).optional(),
  scope: z.string().max(4000).optional(),
  software_id: text(200).optional(),
  software_version: text(100).optional(),
  require_pushed_authorization_requests: z.boolean().optional(),
  dpop_bound_access_tokens: z.boolean().optional(),
});

/** The members of client metadata that are understood. */
export const clientMetadataNames: readonly string[] = Object.keys(clientMetadata.shape);

export type RegisteredMetadata = Omit<
  Client,
  | 'clientId'
  | 'clientSecretHash'
  | 'clientSecretExpiresAt'
  | 'previousSecret'
  | 'registeredBy'
  | 'issuedAt'
  | 'admission'
  | 'registrationTokenHash'
  | 'software'
>;

/** Grant types that registration without further proof can never give. */
export const neverRegistered: readonly string[] = [
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:token-exchange',
];

/**
 * Parses client metadata as sent to the registration endpoint.
 * @param registeredBy who says it: what only some clients may have is dropped for the others
 * @throws OAuthError `invalid_client_metadata` or `invalid_redirect_uri`, naming the member
 * @see RFC 7591 §2, §3.2.2
 */
export function parseClientMetadata(
  input: unknown,
  provider: OAuthProvider,
  registeredBy: Registrar = 'dynamic',
): RegisteredMetadata {
  const parsed = clientMetadata.safeParse(nullsRemoved(input));
  if (!parsed.success) throw asOAuthError(parsed.error);
  const sent = parsed.data;
  checkRedirectUris(sent.redirect_uris, sent.application_type, provider.redirectSchemes);
  return {
    ...authentication(sent, provider),
    redirectUris: [...new Set(sent.redirect_uris)],
    grantTypes: supportedGrants(sent.grant_types, provider, registeredBy),
    responseTypes: supportedResponseTypes(sent.response_types),
    scopes: allowedScopes(sent.scope, provider),
    ...(sent.require_pushed_authorization_requests === true && provider.takesPushedRequests
      ? { requirePushedRequests: true }
      : {}),
    ...present({
      applicationType: sent.application_type,
      clientName: sent.client_name,
      clientUri: sent.client_uri,
      logoUri: sent.logo_uri,
      tosUri: sent.tos_uri,
      policyUri: sent.policy_uri,
      contacts: sent.contacts,
      softwareId: sent.software_id,
      softwareVersion: sent.software_version,
      // RFC 9449 §5.2: false is the default, and where DPoP is off nothing else could be had.
      dpopBoundAccessTokens: provider.senderConstraint && sent.dpop_bound_access_tokens === true ? true : undefined,
    }),
  };
}

type Authentication = Pick<Client, 'tokenEndpointAuthMethod'> & ClientKeys;

function authentication(sent: z.output<typeof clientMetadata>, provider: OAuthProvider): Authentication {
  const name = sent.token_endpoint_auth_method;
  if (name === 'none') return { tokenEndpointAuthMethod: name };
  const method = provider.clientAuthenticationMethods.get(name);
  if (method === undefined)
    throw invalid(
      `token_endpoint_auth_method '${name}' is not supported; use ${supportedMethods(provider).join(', ')}`,
    );
  // RFC 7591 §2: keys that no method asks for are metadata that is not understood.
  const keys = method.keysOf?.(
    { jwks: sent.jwks, jwksUri: sent.jwks_uri, signingAlgorithm: sent.token_endpoint_auth_signing_alg },
    provider,
  );
  return { tokenEndpointAuthMethod: method.name, ...keys };
}

function supportedGrants(requested: readonly string[], provider: OAuthProvider, registeredBy: Registrar): string[] {
  const refused = requested.find((grant) => neverRegistered.includes(grant));
  if (refused !== undefined) throw invalid(`grant type '${refused}' cannot be had by registration`);
  if (!requested.includes('authorization_code')) throw invalid("grant_types must include 'authorization_code'");
  const had = requested.filter(
    (grant) =>
      provider.grantHandlers.has(grant) && (grant !== deviceCodeGrant || letsUseDevices({ registeredBy }, provider)),
  );
  return [...new Set(had)];
}

function supportedResponseTypes(requested: readonly string[]): string[] {
  if (!requested.includes('code')) throw invalid("response_types must include 'code'");
  return ['code'];
}

function allowedScopes(scope: string | undefined, provider: OAuthProvider): readonly string[] {
  const { validScopes, defaultScopes } = provider.settings.registration;
  if (scope === undefined || scope.trim() === '') return defaultScopes;
  const scopes = parseScope(scope);
  if (scopes === undefined) throw invalid('scope contains characters that RFC 6749 section 3.3 does not allow');
  const permissions = scopes.filter((name) => name !== 'offline_access');
  const unknown = validScopes === undefined ? [] : permissions.filter((name) => !validScopes.includes(name));
  if (unknown.length > 0)
    throw invalid(
      `scope ${unknown.map((name) => `'${name}'`).join(', ')} is not one of this server's: ${validScopes?.join(' ')}`,
    );
  // RFC 7591 §2: the server may replace what was asked for. The official SDKs register for the scope of their first
  // challenge and keep that registration, so a narrower one could never step up; naming none would have given as much.
  return [...new Set([...permissions, ...defaultScopes])];
}

// Some clients send null for what they do not use; RFC 7591 knows only absence.
function nullsRemoved(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
}

function present<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}

function asOAuthError(error: z.ZodError): OAuthError {
  const issue = error.issues[0];
  const member = issue?.path.join('.') ?? '';
  if (member.startsWith('redirect_uris'))
    return new OAuthError('invalid_redirect_uri', 'redirect_uris must be an array of at least one URI');
  return invalid(
    member === ''
      ? 'the body must be a JSON object with client metadata'
      : `${member}: ${issue?.message ?? 'is not valid'}`,
  );
}

function invalid(description: string): OAuthError {
  return new OAuthError('invalid_client_metadata', description);
}
