import type { GrantId } from '../../core/ids.ts';
import type { IdentityServices } from '../services.ts';

/**
 * Takes a client's access back: its grant ends, and what its user allowed it is forgotten, so that it is asked for anew.
 * The consent goes first: a grant that outlived it is ended by the next try, a consent that outlived its grant would let
 * the client back in without a question.
 * @param because kept with the grant, for the operator
 * @returns whether the grant was alive
 */
export async function withdrawAccess(
  grantId: GrantId,
  because: string,
  { consents, grants, provider }: Pick<IdentityServices, 'consents' | 'grants' | 'provider'>,
): Promise<boolean> {
  const grant = await grants.find(grantId);
  if (grant !== undefined) await consents.forget(grant.subject, grant.clientId);
  const revoked = await grants.revoke(grantId, because);
  const whose = grant === undefined ? {} : { subject: grant.subject, clientId: grant.clientId };
  if (revoked) provider.report({ name: 'grant.revoked', grantId, reason: because, ...whose });
  return revoked;
}
