import { OAuthError } from '../../core/errors.ts';
import type { Params } from '../../core/params.ts';
import {
  type AuthorizationCode,
  type Client,
  type DeviceCode,
  isVerified,
  type RefreshToken,
} from '../../core/records.ts';
import type { ProtectedResource } from '../../core/resources.ts';
import { parseScope } from '../../core/scopes.ts';
import type { OAuthProvider } from '../../provider.ts';

/**
 * The resource that a request is for: the one that it names, or the default one where it names none.
 * @throws OAuthError `invalid_target`, or `unauthorized_client` where the resource is not for this client
 * @see RFC 8707 §2
 */
export function requestedResource(
  params: Params,
  client: Pick<Client, 'registeredBy'>,
  provider: OAuthProvider,
): ProtectedResource {
  const value = params.get('resource');
  const requested = value === undefined ? provider.resources.default : provider.resources.identifiedBy(value);
  if (requested === undefined) {
    const known = provider.resources.all.map(({ uri }) => uri).join(' or ');
    throw new OAuthError('invalid_target', `resource '${value}' is not served here; use ${known}`);
  }
  checkClient(client, requested);
  return requested;
}

/**
 * The resource of a grant that tokens are asked for. The request may name it again, and no other.
 * @throws OAuthError `invalid_target`, or `unauthorized_client` where the resource is no longer for this client
 * @see RFC 8707 §2.2
 */
export function grantedResource(
  params: Params,
  client: Pick<Client, 'registeredBy'>,
  issued: AuthorizationCode | DeviceCode | RefreshToken,
  provider: OAuthProvider,
): ProtectedResource {
  const what = issued.kind === 'refresh_token' ? 'refresh token' : 'code';
  const { resource } = issued.grant;
  const granted = provider.resources.get(resource);
  if (granted === undefined)
    throw new OAuthError('invalid_target', `the ${what} was issued for resource ${resource}, which is no longer here`);
  checkClient(client, granted);
  if (params.get('resource') !== undefined && requestedResource(params, client, provider) !== granted)
    throw new OAuthError('invalid_target', `the ${what} was issued for resource ${resource}`);
  return granted;
}

/**
 * What is left of scopes that a client asked for before: it may ask for fewer since, by its own will, by that of an
 * administrator, or by its metadata document.
 */
export function stillAllowed(scopes: readonly string[], client: Pick<Client, 'scopes'>): readonly string[] {
  return scopes.filter((scope) => client.scopes.includes(scope));
}

/** @throws OAuthError `invalid_grant` where a code holds a scope that its client may not ask for any more */
export function requireStillAllowed(
  { grant, spentAt }: AuthorizationCode | DeviceCode,
  client: Pick<Client, 'scopes'>,
): void {
  // The replay of a spent one is judged as such, whatever its client may ask for.
  if (spentAt !== undefined) return;
  const lost = grant.scopes.filter((scope) => !client.scopes.includes(scope));
  if (lost.length > 0)
    throw new OAuthError(
      'invalid_grant',
      `the client is not registered for scope ${quoted(lost)} any more: start a new authorization request`,
    );
}

function checkClient(client: Pick<Client, 'registeredBy'>, { uri, clients }: ProtectedResource): void {
  if (clients === 'verified' && !isVerified(client))
    throw new OAuthError('unauthorized_client', `resource ${uri} is only for clients that an administrator added`);
}

/**
 * The scopes that a request asks for at a resource; where it names none, what the resource requires, or else all that the
 * client is registered for there.
 * @throws OAuthError `invalid_scope` naming the client's or the resource's
 * @see OAuth 2.1 §1.4.1
 */
export function requestedScopes(
  params: Params,
  client: Pick<Client, 'scopes'>,
  resource: ProtectedResource,
): readonly string[] {
  const value = params.get('scope') ?? '';
  const scopes = parseScope(value);
  if (scopes === undefined)
    throw new OAuthError('invalid_scope', 'scope contains characters that RFC 6749 section 3.3 does not allow');
  // offline_access asks for a refresh token, which the registered grant types decide; it is no permission of its own.
  const permissions = scopes.filter((scope) => scope !== 'offline_access');
  if (permissions.length === 0) return scopesByDefault(client, resource);
  const foreign = permissions.filter((scope) => !resource.offers(scope));
  if (foreign.length > 0)
    throw new OAuthError(
      'invalid_scope',
      `resource ${resource.uri} has no scope ${quoted(foreign)}${namesOf(resource)}`,
    );
  const refused = permissions.filter((scope) => !client.scopes.includes(scope));
  if (refused.length > 0)
    throw new OAuthError('invalid_scope', `the client is not registered for scope ${quoted(refused)}`);
  return permissions;
}

function scopesByDefault({ scopes }: Pick<Client, 'scopes'>, resource: ProtectedResource): readonly string[] {
  const required = resource.requiredScopes.filter((scope) => scopes.includes(scope));
  if (required.length > 0) return required;
  const offered = scopes.filter(resource.offers);
  if (offered.length === 0 && scopes.length > 0 && resource.scopes.names.length > 0)
    throw new OAuthError(
      'invalid_scope',
      `the client is not registered for any scope of resource ${resource.uri}${namesOf(resource)}`,
    );
  return offered;
}

function namesOf({ scopes }: ProtectedResource): string {
  return scopes.names.length === 0 ? '' : `; it has ${quoted(scopes.names)}`;
}

function quoted(scopes: readonly string[]): string {
  return scopes.map((scope) => `'${scope}'`).join(', ');
}
