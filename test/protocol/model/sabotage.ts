import { type Statement, sql } from '../../../src/core/database.ts';

/** A database that does something else than the statements say: a mistake of the product's, as a trigger. */
export interface Sabotage {
  readonly mistake: string;
  readonly statements: readonly Statement[];
}

function trigger(mistake: string, event: string, ...effects: readonly string[]): Sabotage {
  const body = effects.map((effect) => `${effect};`).join(' ');
  return { mistake, statements: [sql(`CREATE TRIGGER sabotage ${event} BEGIN ${body} END`)] };
}

/** Mistakes with users, clients and keys, which only the product has, or has in a database. */
export const sabotages: readonly Sabotage[] = [
  trigger(
    'gives a user who is enabled again the old tokens back',
    "AFTER UPDATE ON users WHEN NEW.status = 'active' AND OLD.status = 'disabled'",
    "UPDATE grants SET revoked_at = NULL WHERE subject = NEW.user_id AND revoked_because = 'user disabled'",
  ),
  trigger(
    'leaves exchanged tokens alive when a user is disabled',
    "AFTER UPDATE ON grants WHEN NEW.root_grant_id IS NOT NULL AND NEW.revoked_because = 'user disabled'",
    'UPDATE grants SET revoked_at = NULL, root_grant_id = NULL WHERE grant_id = NEW.grant_id',
  ),
  trigger(
    'leaves the tokens of a deleted user alive',
    "AFTER UPDATE ON grants WHEN NEW.revoked_because = 'user deleted'",
    'UPDATE grants SET revoked_at = NULL WHERE grant_id = NEW.grant_id',
  ),
  trigger(
    'revives a grant when its tokens are rotated while it ends',
    'AFTER UPDATE ON grants WHEN NEW.revoked_at IS NOT NULL AND OLD.revoked_at IS NULL AND OLD.retries > 0',
    'UPDATE grants SET revoked_at = NULL WHERE grant_id = NEW.grant_id',
  ),
  trigger('keeps a signing key that is compromised', 'BEFORE DELETE ON signing_keys', 'SELECT RAISE(IGNORE)'),
  trigger(
    'drops the tokens of a client when its key is replaced',
    'AFTER INSERT ON signing_keys',
    'UPDATE grants SET revoked_at = NEW.created_at',
  ),
  trigger('remembers what was allowed beyond its withdrawal', 'BEFORE DELETE ON consents', 'SELECT RAISE(IGNORE)'),
  trigger(
    'withdraws from one user what another one takes back',
    'AFTER UPDATE ON grants WHEN NEW.revoked_at IS NOT NULL AND OLD.revoked_at IS NULL',
    'UPDATE grants SET revoked_at = NEW.revoked_at WHERE client_id = NEW.client_id AND revoked_at IS NULL',
  ),
  trigger(
    'unbinds the refresh tokens of a family at its rotation',
    'AFTER INSERT ON refresh_tokens WHEN NEW.generation > 0',
    'UPDATE refresh_tokens SET key_thumbprint = NULL WHERE token_hash = NEW.token_hash',
  ),
  trigger(
    'leaves what assertions gave alive when their identity is unlinked',
    "AFTER UPDATE ON grants WHEN NEW.revoked_because = 'identity unlinked'",
    'UPDATE grants SET revoked_at = NULL WHERE grant_id = NEW.grant_id',
  ),
  trigger(
    'takes an assertion again',
    'AFTER INSERT ON spent_identifiers',
    'DELETE FROM spent_identifiers WHERE identifier_hash = NEW.identifier_hash',
  ),
  trigger(
    'forgets that a device got its tokens',
    'AFTER UPDATE ON device_codes WHEN NEW.spent_at IS NOT NULL',
    'UPDATE device_codes SET spent_at = NULL, spent_by = NULL WHERE code_hash = NEW.code_hash',
  ),
  trigger(
    'lets a user who denied a device think better of it',
    "AFTER UPDATE ON device_codes WHEN NEW.decision = 'denied'",
    'UPDATE device_codes SET decision = NULL WHERE code_hash = NEW.code_hash',
  ),
  trigger(
    'takes a look at a session for a sign-in',
    'AFTER UPDATE ON sessions WHEN NEW.last_seen_at > OLD.last_seen_at',
    'UPDATE sessions SET authenticated_at = NEW.last_seen_at WHERE session_hash = NEW.session_hash',
  ),
  trigger(
    'keeps to what a metadata document said first',
    "BEFORE UPDATE ON clients WHEN OLD.registered_by = 'metadata_document'",
    'SELECT RAISE(IGNORE)',
  ),
];
