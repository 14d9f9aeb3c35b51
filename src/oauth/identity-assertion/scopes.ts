import { OAuthError } from '../../core/errors.ts';
import type { AssertedUser } from '../../core/identity-assertions.ts';
import type { Params } from '../../core/params.ts';
import type { Client } from '../../core/records.ts';
import { parseScope } from '../../core/scopes.ts';
import { requestedScopes } from '../token/resource.ts';
import type { UnverifiedAssertion } from './assertion.ts';

/**
 * The scopes that the request, the issuer, the client and the resource have in common. Clients ask for all that the metadata
 * lists, whatever their issuer allowed: what is too much is left out, and the response says what there is.
 * @throws OAuthError `invalid_scope` where nothing is left
 * @see RFC 7521 §4.1, RFC 6749 §3.3
 */
export function offeredScopes(
  params: Params,
  { resource, scopes: asserted }: Pick<UnverifiedAssertion, 'resource' | 'scopes'>,
  client: Client,
): readonly string[] {
  const asked = parseScope(params.get('scope') ?? '')?.filter(isPermission);
  if (asked === undefined)
    throw new OAuthError('invalid_scope', 'scope contains characters that RFC 6749 section 3.3 does not allow');
  if (asked.length === 0 && asserted === undefined) return requestedScopes(params, client, resource);
  // Whoever may have a scope may have what it implies instead.
  const allowed = asserted === undefined ? undefined : resource.scopes.expand(asserted);
  const wanted = asked.length > 0 ? asked : (asserted ?? []).filter(isPermission);
  const offered = wanted.filter(
    (scope) => allowed?.has(scope) !== false && client.scopes.includes(scope) && resource.offers(scope),
  );
  if (offered.length > 0) return offered;
  const issuers = asserted === undefined ? '' : `, the issuer allowed '${asserted.join(' ')}'`;
  throw new OAuthError(
    'invalid_scope',
    `no scope is left: asked for '${wanted.join(' ')}'${issuers}, the client is registered for '${client.scopes.join(' ')}', and resource ${resource.uri} has '${resource.scopes.names.join(' ')}'`,
  );
}

/**
 * What of them the user may grant.
 * @throws OAuthError `invalid_scope` where nothing is left
 */
export function grantableScopes(offered: readonly string[], user: AssertedUser): readonly string[] {
  const scopes = offered.filter((scope) => user.grantableScopes?.includes(scope) !== false);
  if (scopes.length > 0 || offered.length === 0) return scopes;
  throw new OAuthError('invalid_scope', `the user may not grant '${offered.join(' ')}'`, {
    hint: 'see: portcullis user scopes',
  });
}

// offline_access asks for a refresh token, which this grant never gives; it is no permission of its own.
function isPermission(scope: string): boolean {
  return scope !== 'offline_access';
}
