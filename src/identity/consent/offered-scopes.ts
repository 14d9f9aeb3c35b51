import type { ConsentScope } from '../../web/pages/consent.ts';
import type { IdentityServices } from '../services.ts';
import type { User } from '../users/user.ts';
import { mayGrant } from './approval.ts';
import { consentKeyOf } from './decide.ts';
import type { PendingRequest } from './pending-requests.ts';

/**
 * The scopes of a request that this user may grant, in the order of the request.
 * @returns `undefined` where the user may not grant a required one, or none of them, or nothing at this resource
 */
export async function offeredScopes(
  pending: PendingRequest,
  user: User,
  services: IdentityServices,
): Promise<readonly ConsentScope[] | undefined> {
  const { provider, consents, resourcesForAdministrators } = services;
  const { scopes: requested } = pending.request;
  const resource = provider.resources.get(pending.request.resource);
  if (resource === undefined) return undefined;
  if (resourcesForAdministrators.has(resource.uri) && user.role !== 'admin') return undefined;
  const { requiredScopes } = resource;
  const offered = requested.filter((scope) => mayGrant(user, scope));
  if (requested.length > 0 && offered.length === 0) return undefined;
  if (requested.some((scope) => requiredScopes.includes(scope) && !offered.includes(scope))) return undefined;
  const remembered = await consents.remembered(consentKeyOf(pending, user.userId));
  return offered.map((name) => {
    const definition = resource.scopes.get(name);
    const optional = definition?.optional ?? (!requiredScopes.includes(name) && offered.length > 1);
    return {
      name,
      title: definition?.title,
      description: definition?.description,
      tools: resource.scopes.toolsOf(name),
      need: optional ? 'optional' : 'required',
      alreadyAllowed: remembered.has(name),
    };
  });
}
