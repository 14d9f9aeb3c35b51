import type { ClientId, GrantId, Subject } from './ids.ts';

/** What an auditor or an operator may want to know of. Never carries a secret. */
export type SecurityEventName =
  | 'client.registered'
  | 'client.discovered'
  | 'client.document_changed'
  | 'client.documents_imported'
  | 'client.registration_refused'
  | 'client.changed'
  | 'client.approved'
  | 'client.deleted'
  | 'client.secret_replaced'
  | 'client.keys_replaced'
  | 'client.authentication_failed'
  | 'authorization.pushed'
  | 'authorization.device_asked'
  | 'authorization.device_code_wrong'
  | 'authorization.refused'
  | 'authorization.approved'
  | 'authorization.denied'
  | 'code.issued'
  | 'code.redeemed'
  | 'code.replayed'
  | 'code.verifier_mismatch'
  | 'token.issued'
  | 'token.exchanged'
  | 'assertion.accepted'
  | 'assertion.refused'
  | 'token.refreshed'
  | 'token.refresh_retried'
  | 'token.reused'
  | 'token.revoked'
  | 'token.rejected'
  | 'token.scope_insufficient'
  | 'proof.refused'
  | 'token.introspection_refused'
  | 'grant.revoked'
  | 'request.rate_limited'
  | 'request.origin_refused'
  | 'user.created'
  | 'user.signed_in'
  | 'user.sign_in_failed'
  | 'user.signed_out'
  | 'user.password_changed'
  | 'user.disabled'
  | 'user.enabled'
  | 'user.deleted'
  | 'identity.linked'
  | 'identity.unlinked'
  | 'session.revoked'
  | 'setup.link_made'
  | 'egress.fetched'
  | 'egress.refused'
  | 'egress.failed'
  | 'server.started'
  | 'server.stopped'
  | 'keys.rotated'
  | 'keys.master_key_replaced'
  | 'backup.written'
  | 'backup.restored'
  | 'tls.certificate_replaced'
  | 'server.error';

export interface SecurityEvent {
  readonly name: SecurityEventName;
  readonly clientId?: ClientId | string;
  readonly subject?: Subject;
  readonly grantId?: GrantId;
  readonly clientAddress?: string;
  readonly requestId?: string;
  /** Why, in words for the operator. */
  readonly reason?: string;
  /** Of what was fetched: the host name, with its port where that is not the usual one. */
  readonly host?: string;
  readonly purpose?: string;
  /** What came of it: a code. */
  readonly outcome?: string;
  /** Milliseconds. */
  readonly duration?: number;
  /** An error to log with its stack. */
  readonly error?: unknown;
}

/** Receives every event; must not throw and must not block. */
export type EventSink = (event: SecurityEvent) => void;
