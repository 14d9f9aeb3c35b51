import { type Database, type Statement, sql } from '../../core/database.ts';
import type { ClientId, ResourceUri, Subject } from '../../core/ids.ts';

/** What a remembered consent is for, besides its scopes. Anything else is asked anew. */
export interface ConsentKey {
  readonly userId: Subject;
  readonly clientId: ClientId;
  /** Where the browser is sent: see `redirectHost`. */
  readonly redirectHost: string;
  readonly resource: ResourceUri;
}

/** Remembered consents: user × client × redirect host × resource × scope. */
export class Consents {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The scopes that the user has allowed before. */
  async remembered(key: ConsentKey): Promise<ReadonlySet<string>> {
    const rows = await this.#database.read(
      'SELECT scope FROM consents WHERE user_id = ? AND client_id = ? AND redirect_host = ? AND resource = ?',
      key.userId,
      key.clientId,
      key.redirectHost,
      key.resource,
    );
    return new Set(rows.map((row) => row['scope'] as string));
  }

  /** Forgets everything that a user allowed to a client. */
  async forget(userId: Subject, clientId: ClientId): Promise<void> {
    await this.#database.write(sql('DELETE FROM consents WHERE user_id = ? AND client_id = ?', userId, clientId));
  }
}

/** The statements that remember scopes, where the condition holds. */
export function rememberScopes(
  key: ConsentKey,
  scopes: readonly string[],
  now: number,
  condition: Statement,
): Statement[] {
  return scopes.map((scope) =>
    sql(
      `INSERT INTO consents (user_id, client_id, redirect_host, resource, scope, granted_at)
       SELECT ?, ?, ?, ?, ?, CAST(? AS BIGINT) WHERE ${condition.sql}
       ON CONFLICT (user_id, client_id, redirect_host, resource, scope) DO UPDATE SET granted_at = excluded.granted_at`,
      key.userId,
      key.clientId,
      key.redirectHost,
      key.resource,
      scope,
      now,
      ...condition.values,
    ),
  );
}

/** Scheme and host of a redirect URI, the port left out for loopback, where it changes at every start of the client. */
export function redirectHost(redirectUri: string): string {
  const url = new URL(redirectUri);
  return url.protocol === 'http:' ? `http://${url.hostname}` : `${url.protocol}//${url.host}`;
}
