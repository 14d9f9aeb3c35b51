import { sql } from '../../core/database.ts';
import type { OAuthError } from '../../core/errors.ts';
import { randomId } from '../../core/random.ts';
import { formatScope } from '../../core/scopes.ts';
import { issueCode } from '../../oauth/authorization-code/approve.ts';
import { storeCode } from '../../oauth/authorization-code/store.ts';
import type { IdentityServices } from '../services.ts';
import { mayGrantAt } from '../users/statements.ts';
import { Approval } from './approval.ts';
import { type ConsentKey, redirectHost, rememberScopes } from './consents.ts';
import type { PendingRequest } from './pending-requests.ts';
import { judgeSignIn, signInOf } from './suitable-sign-in.ts';

/** What a consent is remembered under. */
export function consentKeyOf(pending: PendingRequest, userId: ConsentKey['userId']): ConsentKey {
  const { client, redirectUri, resource } = pending.request;
  return { userId, clientId: client.clientId, redirectHost: redirectHost(redirectUri.toString()), resource };
}

/**
 * Ends a request with the user's approval, once: grant, code and remembered scopes are stored in the transaction that
 * marks the request as finished, and only if the user is still active and may let clients use the resource.
 * @returns where the browser goes next, or `undefined` where the request had been finished already
 */
export async function approve(approval: Approval, services: IdentityServices): Promise<string | undefined> {
  Approval.assert(approval);
  const { pending, user, scopes } = approval;
  const { provider, database } = services;
  if (judgeSignIn(pending, user, services) !== 'suits') return undefined;
  const now = provider.clock.now();
  const userId = user.user.userId;
  const { record, redirectTo } = issueCode(
    pending.request,
    { subject: userId, scopes, ...signInOf(user, services) },
    { random: provider.random, now, lifetime: provider.lifetimes.authorizationCode, issuer: provider.settings.issuer },
  );
  const won = sql(
    'EXISTS (SELECT 1 FROM authorization_requests WHERE request_hash = ? AND completed_by = ?)',
    pending.hash,
    record.grant.grantId,
  );
  const allowed = mayGrantAt(record.grant.resource, userId, services.resourcesForAdministrators);
  const [completed] = await database.write(
    sql(
      `UPDATE authorization_requests SET completed_at = ?, completed_by = ?
       WHERE request_hash = ? AND completed_at IS NULL AND expires_at > ?
         AND ${allowed.sql}
       RETURNING request_hash`,
      now,
      record.grant.grantId,
      pending.hash,
      now,
      ...allowed.values,
    ),
    ...storeCode(record, won),
    ...rememberScopes(consentKeyOf(pending, userId), scopes, now, won),
  );
  if (completed?.length !== 1) return undefined;
  provider.report({
    name: 'authorization.approved',
    clientId: record.grant.clientId,
    subject: userId,
    grantId: record.grant.grantId,
    reason: `granted ${formatScope(record.grant.scopes)}; asked for ${formatScope(pending.request.scopes)}`,
  });
  return redirectTo;
}

/**
 * Ends a request with an error for the client, once.
 * @returns where the browser goes next, or `undefined` where the request had been finished already
 */
export async function refuse(
  pending: PendingRequest,
  error: OAuthError,
  services: IdentityServices,
): Promise<string | undefined> {
  const { provider, database } = services;
  const now = provider.clock.now();
  const [completed] = await database.write(
    sql(
      'UPDATE authorization_requests SET completed_at = ?, completed_by = ? WHERE request_hash = ? AND completed_at IS NULL RETURNING request_hash',
      now,
      `refused ${randomId(provider.random)}`,
      pending.hash,
    ),
  );
  if (completed?.length !== 1) return undefined;
  const { client, redirectUri, state } = pending.request;
  provider.report({ name: 'authorization.denied', clientId: client.clientId, reason: error.message });
  return redirectUri.with({
    error: error.code,
    error_description: error.description,
    state,
    iss: provider.settings.issuer,
  });
}
