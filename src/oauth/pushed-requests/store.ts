import { type Database, sql } from '../../core/database.ts';
import type { ClientId, SecretHash } from '../../core/ids.ts';
import type { PushedRequest } from '../../core/records.ts';

/** Pushed authorization requests in the database, until they are taken or expire. */
export class PushedRequestStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Keeps a request of a client that is there, unless too many wait. Resolves to whether it was kept.
   * @param maximum requests of all clients that wait at most
   */
  async add({ hash, clientId, parameters, expiresAt }: PushedRequest, maximum: number, now: number): Promise<boolean> {
    const [kept] = await this.#database.write(
      sql(
        `INSERT INTO pushed_requests (request_hash, client_id, parameters, expires_at)
         SELECT ?, client_id, ?, CAST(? AS BIGINT) FROM clients
         WHERE client_id = ? AND (SELECT count(*) FROM pushed_requests WHERE expires_at > ?) < ?
         RETURNING request_hash`,
        hash,
        parameters,
        expiresAt,
        clientId,
        now,
        maximum,
      ),
    );
    return kept?.length === 1;
  }

  /** Takes a client's request out, once: of any number of concurrent calls, in any number of processes, one gets it. */
  async take(clientId: ClientId, hash: SecretHash): Promise<PushedRequest | undefined> {
    const [taken] = await this.#database.write(
      sql(
        'DELETE FROM pushed_requests WHERE request_hash = ? AND client_id = ? RETURNING parameters, expires_at',
        hash,
        clientId,
      ),
    );
    const row = taken?.[0];
    if (row === undefined) return undefined;
    return { hash, clientId, parameters: row['parameters'] as string, expiresAt: row['expires_at'] as number };
  }
}
