import { LRUCache } from 'lru-cache';
import { type Database, sql, type Row } from '../../core/database.ts';
import type { ClientId, SecretHash } from '../../core/ids.ts';
import type { Client } from '../../core/records.ts';

export interface StoredClient {
  readonly client: Client;
  /** When a code of it was last redeemed; a client that never got that far expires. */
  readonly lastUsedAt: number | undefined;
}

/** Registered clients in the database, the recent ones in memory. */
export class ClientStore {
  readonly #database: Database;
  readonly #cache = new LRUCache<ClientId, Client>({ max: 10_000 });
  #seenRevision: number;

  constructor(database: Database) {
    this.#database = database;
    this.#seenRevision = database.revision();
  }

  async get(clientId: ClientId): Promise<Client | undefined> {
    const revision = this.#database.revision();
    if (revision !== this.#seenRevision) {
      this.#cache.clear();
      this.#seenRevision = revision;
    }
    const cached = this.#cache.get(clientId);
    if (cached !== undefined) return cached;
    const [row] = await this.#database.read(`SELECT ${columns} FROM clients WHERE client_id = ?`, clientId);
    if (row === undefined) return undefined;
    const client = clientOf(row);
    this.#cache.set(clientId, client);
    return client;
  }

  async add(client: Client): Promise<void> {
    const { clientId, clientSecretHash, clientSecretExpiresAt, registeredBy, issuedAt, ...metadata } = client;
    await this.#database.write(
      sql(
        `INSERT INTO clients (client_id, client_secret_hash, client_secret_expires_at, registered_by, issued_at, metadata) VALUES (?, ?, ?, ?, ?, ?)`,
        clientId,
        clientSecretHash ?? null,
        clientSecretExpiresAt ?? null,
        registeredBy,
        issuedAt,
        JSON.stringify(metadata),
      ),
    );
  }

  async list(): Promise<StoredClient[]> {
    const rows = await this.#database.read(`SELECT ${columns} FROM clients ORDER BY issued_at, client_id`);
    return rows.map((row) => ({ client: clientOf(row), lastUsedAt: (row['last_used_at'] as number | null) ?? undefined }));
  }

  async count(): Promise<number> {
    const [row] = await this.#database.read('SELECT count(*) AS clients FROM clients');
    return Number(row?.['clients'] ?? 0);
  }

  /** Removes a client with its grants, codes and tokens. Resolves to whether it was there. */
  async delete(clientId: ClientId): Promise<boolean> {
    const [deleted] = await this.#database.write(sql('DELETE FROM clients WHERE client_id = ? RETURNING client_id', clientId));
    this.#cache.delete(clientId);
    return (deleted?.length ?? 0) > 0;
  }

  /** Removes self-registered clients that never redeemed a code, at most `limit` of those issued before `before`. */
  async deleteUnused(before: number, limit: number): Promise<number> {
    const [deleted] = await this.#database.write(
      sql(
        `DELETE FROM clients WHERE client_id IN (
          SELECT client_id FROM clients WHERE last_used_at IS NULL AND issued_at < ? AND registered_by = 'dynamic' LIMIT ?
        ) RETURNING client_id`,
        before,
        limit,
      ),
    );
    for (const row of deleted ?? []) this.#cache.delete(row['client_id'] as ClientId);
    return deleted?.length ?? 0;
  }
}

const columns = 'client_id, client_secret_hash, client_secret_expires_at, registered_by, issued_at, last_used_at, metadata';

function clientOf(row: Row): Client {
  const metadata = JSON.parse(row['metadata'] as string) as Omit<Client, 'clientId' | 'registeredBy' | 'issuedAt'>;
  return {
    ...metadata,
    clientId: row['client_id'] as ClientId,
    registeredBy: row['registered_by'] as Client['registeredBy'],
    issuedAt: row['issued_at'] as number,
    ...(row['client_secret_hash'] === null ? {} : { clientSecretHash: row['client_secret_hash'] as SecretHash }),
    ...(row['client_secret_expires_at'] === null ? {} : { clientSecretExpiresAt: row['client_secret_expires_at'] as number }),
  };
}
