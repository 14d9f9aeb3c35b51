import type { AuthorizeRequest } from '../../oauth/authorization-code/request.ts';
import type { ConsentScope } from '../../web/pages/consent.ts';
import type { IdentityServices } from '../services.ts';
import type { User } from '../users/user.ts';
import { mayGrant } from './approval.ts';
import { consentKeyOf } from './decide.ts';
import type { PendingRequest } from './pending-requests.ts';

/**
 * The scopes of a request that this user may grant, in the order of the request, with what was allowed before.
 * @returns `undefined` where the user may not grant a required one, or none of them, or nothing at this resource
 */
export async function offeredScopes(
  pending: PendingRequest,
  user: User,
  services: IdentityServices,
): Promise<readonly ConsentScope[] | undefined> {
  const grantable = grantableScopes(pending.request, user, services);
  if (grantable === undefined) return undefined;
  const remembered = await services.consents.remembered(consentKeyOf(pending, user.userId));
  return grantable.map((scope) => ({ ...scope, alreadyAllowed: remembered.has(scope.name) }));
}

/** The same for a request that is asked anew every time. */
export function grantableScopes(
  request: Pick<AuthorizeRequest, 'scopes' | 'resource'>,
  user: User,
  { provider, resourcesForAdministrators }: IdentityServices,
): readonly ConsentScope[] | undefined {
  const requested = request.scopes;
  const resource = provider.resources.get(request.resource);
  if (resource === undefined) return undefined;
  if (resourcesForAdministrators.has(resource.uri) && user.role !== 'admin') return undefined;
  const { requiredScopes } = resource;
  const offered = requested.filter((scope) => mayGrant(user, scope));
  if (requested.length > 0 && offered.length === 0) return undefined;
  if (requested.some((scope) => requiredScopes.includes(scope) && !offered.includes(scope))) return undefined;
  return offered.map((name) => {
    const definition = resource.scopes.get(name);
    const optional = definition?.optional ?? (!requiredScopes.includes(name) && offered.length > 1);
    return {
      name,
      title: definition?.title,
      description: definition?.description,
      tools: resource.scopes.toolsOf(name),
      need: optional ? 'optional' : 'required',
      alreadyAllowed: false,
    };
  });
}
