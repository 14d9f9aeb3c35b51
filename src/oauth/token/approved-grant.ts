import type { ClientId, GrantId, ResourceUri, Subject } from '../../core/ids.ts';
import { type Random, timeOrderedId } from '../../core/random.ts';
import type { Grant, GrantDetails } from '../../core/records.ts';

/** What the user decided. */
export interface ApprovedAuthorization extends Pick<GrantDetails, 'acr' | 'amr'> {
  readonly subject: Subject;
  /** The scopes granted: those asked for, or fewer. */
  readonly scopes: readonly string[];
  /** When the user signed in, milliseconds since the epoch. */
  readonly authenticatedAt: number;
}

/**
 * The grant of a request that its user approved.
 * @param now milliseconds since the epoch
 */
export function approvedGrant(
  request: { readonly clientId: ClientId; readonly scopes: readonly string[]; readonly resource: ResourceUri },
  { subject, scopes, authenticatedAt, acr, amr }: ApprovedAuthorization,
  using: { readonly random: Random; readonly now: number },
): Grant {
  return {
    grantId: timeOrderedId(using.random, using.now) as GrantId,
    clientId: request.clientId,
    subject,
    scopes: scopes.filter((scope) => request.scopes.includes(scope)),
    resource: request.resource,
    authenticatedAt,
    approvedAt: using.now,
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined ? {} : { amr }),
  };
}
