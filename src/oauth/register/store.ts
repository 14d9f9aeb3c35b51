import { LRUCache } from 'lru-cache';
import { type Database, type Row, type Statement, sql } from '../../core/database.ts';
import type { ClientId, SecretHash } from '../../core/ids.ts';
import type { Admission, Client, ClientKeys } from '../../core/records.ts';

export interface StoredClient {
  readonly client: Client;
  /** When a code of it was last redeemed; a client that never got that far expires. */
  readonly lastUsedAt: number | undefined;
}

export interface ClientStoreOptions {
  readonly database: Database;
  /** Told after clients were deleted, and their grants with them: what was cached of tokens is out of date. */
  readonly onDeleted?: () => void;
}

/** A secret that takes the place of another. */
export interface NewSecret {
  readonly hash: SecretHash;
  /** Milliseconds since the epoch. Absent: it never expires. */
  readonly expiresAt?: number;
}

/** Which clients that no administrator added are of no more use. Times are milliseconds. */
export interface UnusedClients {
  /** Since its registration, or since its metadata document was last accepted, where no code was ever redeemed. */
  readonly neverUsedFor: number;
  /** Since a code was last redeemed: no shorter than a grant can live. */
  readonly unusedFor: number;
  readonly now: number;
}

/** What a client that registers itself has to meet beside there being room. */
export interface AdmissionTerms {
  /** An `UPDATE` without `RETURNING` that ends with its `WHERE`; made only where there is room. */
  readonly spending?: Statement;
  /** Holds only where `spending` was made, or where nothing had to be. */
  readonly condition: Statement;
}

/** That at most this many clients wait for approval. */
export function pendingTerms(maximum: number): AdmissionTerms {
  return { condition: sql("(SELECT count(*) FROM clients WHERE admission = 'pending') < ?", maximum) };
}

const noTerms: AdmissionTerms = { condition: sql('1 = 1') };

/** A client that no administrator added and that was never used keeps its place for this long, however many want it. */
const protectedFor = 3_600_000;

/** How many characters of client metadata are kept in memory: strangers decide how long theirs is. */
const rememberedCharacters = 16 * 1024 * 1024;

/** Registered clients in the database, the recent ones in memory. */
export class ClientStore {
  readonly #database: Database;
  readonly #onDeleted: () => void;
  readonly #cache = new LRUCache<ClientId, Client>({ max: 10_000, maxSize: rememberedCharacters });
  #seenRevision: number;
  #changes = 0;

  constructor({ database, onDeleted = () => {} }: ClientStoreOptions) {
    this.#database = database;
    this.#onDeleted = onDeleted;
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
    const changes = this.#changes;
    const [row] = await this.#database.read(`SELECT ${columns} FROM clients WHERE client_id = ?`, clientId);
    if (row === undefined) return undefined;
    const client = clientOf(row);
    // What was deleted or changed while it was being read must not come back as it was.
    if (revision === this.#seenRevision && changes === this.#changes)
      this.#cache.set(clientId, client, { size: (row['metadata'] as string).length });
    return client;
  }

  /** Adds a client, whatever the number of others. */
  async add(client: Client): Promise<void> {
    await this.#database.write(insertClient(client, sql('1 = 1')));
  }

  /**
   * Adds a client that registered itself, unless there are too many of these. The oldest one that was never used makes
   * room, but not within its first hour. Resolves to whether it was added.
   * @param maximum self-registered clients kept at most
   * @param terms what it has to meet beside that, in the same step
   */
  async addDynamic(client: Client, maximum: number, terms = noTerms): Promise<boolean> {
    const room = sql(`${countOf(dynamic)} < ?`, maximum);
    const { spending, condition } = terms;
    const [evicted, ...results] = await this.#database.write(
      makeRoom(dynamic, client, maximum),
      ...(spending === undefined ? [] : [both(spending, room)]),
      insertClient(client, both(condition, room)),
    );
    this.#forget(evicted);
    return results.at(-1)?.length === 1;
  }

  /**
   * Adds a client that a metadata document describes, or puts what it says now in the place of what it said. Room for new
   * ones is made as for those that register themselves. Resolves to whether there was room.
   * @param maximum clients with documents kept at most
   */
  async putDescribed(client: Client, maximum: number): Promise<boolean> {
    const isKnown = sql(`EXISTS (SELECT 1 FROM clients WHERE client_id = ? AND ${described})`, client.clientId);
    const hasRoom = sql(`(${isKnown.sql} OR ${countOf(described)} < ?)`, ...isKnown.values, maximum);
    const [evicted, stored] = await this.#database.write(
      makeRoom(described, client, maximum),
      insertClient(
        client,
        hasRoom,
        `ON CONFLICT (client_id) DO UPDATE SET registered_by = excluded.registered_by, issued_at = excluded.issued_at, metadata = excluded.metadata
         WHERE clients.${described}`,
      ),
    );
    this.#forget(evicted);
    this.#outdate(stored);
    return stored?.length === 1;
  }

  async list(): Promise<StoredClient[]> {
    const rows = await this.#database.read(`SELECT ${columns} FROM clients ORDER BY issued_at, client_id`);
    return rows.map((row) => ({
      client: clientOf(row),
      lastUsedAt: (row['last_used_at'] as number | null) ?? undefined,
    }));
  }

  async count(): Promise<number> {
    const [row] = await this.#database.read('SELECT count(*) AS clients FROM clients');
    return Number(row?.['clients'] ?? 0);
  }

  /**
   * Gives a client a new secret. The one that it had stays valid beside it, no longer than it would have been; the one
   * before that ends. Resolves to whether there is such a client, with a secret.
   * @param keepOldUntil milliseconds since the epoch; now, where the old one shall end at once
   */
  async replaceSecret(clientId: ClientId, next: NewSecret, keepOldUntil: number): Promise<boolean> {
    const [replaced] = await this.#database.write(
      sql(
        `UPDATE clients SET
           previous_secret_hash = client_secret_hash,
           previous_secret_expires_at =
             CASE WHEN client_secret_expires_at < ? THEN client_secret_expires_at ELSE CAST(? AS BIGINT) END,
           client_secret_hash = ?, client_secret_expires_at = CAST(? AS BIGINT)
         WHERE client_id = ? AND client_secret_hash IS NOT NULL RETURNING client_id`,
        keepOldUntil,
        keepOldUntil,
        next.hash,
        next.expiresAt ?? null,
        clientId,
      ),
    );
    this.#outdate(replaced);
    return replaced?.length === 1;
  }

  /**
   * Gives a client of `private_key_jwt` other keys. Resolves to whether nothing else of it had changed meanwhile.
   * @param client as it was read
   */
  async replaceKeys(client: Client, { jwks, jwksUri, tokenEndpointAuthSigningAlg }: ClientKeys): Promise<boolean> {
    const { jwks: _jwks, jwksUri: _uri, tokenEndpointAuthSigningAlg: _alg, ...rest } = client;
    const changed = {
      ...rest,
      ...(jwks === undefined ? {} : { jwks }),
      ...(jwksUri === undefined ? {} : { jwksUri }),
      ...(tokenEndpointAuthSigningAlg === undefined ? {} : { tokenEndpointAuthSigningAlg }),
    };
    const [replaced] = await this.#database.write(
      sql(
        'UPDATE clients SET metadata = ? WHERE client_id = ? AND metadata = ? RETURNING client_id',
        metadataJson(changed),
        client.clientId,
        metadataJson(client),
      ),
    );
    this.#outdate(replaced);
    return replaced?.length === 1;
  }

  /**
   * Stores what a self-registered client says of itself now. Resolves to whether it was there, with this registration
   * access token, and did not wait for approval: what waits stays as the administrator sees it. Nor is it
   * replaced where anything of it has changed since.
   */
  async replace(client: Client, before: Client, now: number): Promise<boolean> {
    const { clientId, clientSecretHash, clientSecretExpiresAt, previousSecret, admission } = client;
    const [replaced] = await this.#database.write(
      sql(
        `UPDATE clients SET metadata = ?, admission = ?, pending_since = CAST(? AS BIGINT), client_secret_hash = ?,
           client_secret_expires_at = CAST(? AS BIGINT), previous_secret_hash = ?, previous_secret_expires_at = CAST(? AS BIGINT)
         WHERE client_id = ? AND registration_token_hash = ? AND registered_by = 'dynamic'
           AND metadata = ? AND client_secret_hash IS NOT DISTINCT FROM ? AND admission IS NOT DISTINCT FROM ?
           AND (admission IS NULL OR admission <> 'pending') RETURNING client_id`,
        metadataJson(client),
        admission ?? null,
        admission === 'pending' ? now : null,
        clientSecretHash ?? null,
        clientSecretExpiresAt ?? null,
        previousSecret?.hash ?? null,
        previousSecret?.expiresAt ?? null,
        clientId,
        before.registrationTokenHash ?? null,
        metadataJson(before),
        before.clientSecretHash ?? null,
        before.admission ?? null,
      ),
    );
    this.#outdate(replaced);
    return replaced?.length === 1;
  }

  /** Lets a client in that waits for approval. Resolves to whether one did. */
  async approve(clientId: ClientId): Promise<boolean> {
    const [approved] = await this.#database.write(
      sql(
        "UPDATE clients SET admission = 'approved', pending_since = NULL WHERE client_id = ? AND admission = 'pending' RETURNING client_id",
        clientId,
      ),
    );
    this.#outdate(approved);
    return approved?.length === 1;
  }

  /** Removes a client that waits for approval. Resolves to whether one did. */
  async deny(clientId: ClientId): Promise<boolean> {
    const [denied] = await this.#database.write(
      sql("DELETE FROM clients WHERE client_id = ? AND admission = 'pending' RETURNING client_id", clientId),
    );
    this.#forget(denied);
    return denied?.length === 1;
  }

  /** Removes clients that nobody approved in time, at most `limit`, but none with grants. Resolves to how many. */
  async deletePending(before: number, limit: number): Promise<number> {
    const [deleted] = await this.#database.write(
      sql(
        `DELETE FROM clients WHERE client_id IN (
           SELECT client_id FROM clients WHERE ${dynamic} AND ${withoutGrants} AND admission = 'pending' AND pending_since < ? LIMIT ?
         ) RETURNING client_id`,
        before,
        limit,
      ),
    );
    this.#forget(deleted);
    return deleted?.length ?? 0;
  }

  /** Removes a client with its grants, codes and tokens. Resolves to whether it was there. */
  async delete(clientId: ClientId): Promise<boolean> {
    const [deleted] = await this.#database.write(
      sql('DELETE FROM clients WHERE client_id = ? RETURNING client_id', clientId),
    );
    this.#forget(deleted);
    return deleted?.length === 1;
  }

  /** Removes clients that no administrator added and that are of no more use, at most `limit`. Resolves to how many. */
  async deleteUnused({ neverUsedFor, unusedFor, now }: UnusedClients, limit: number): Promise<number> {
    const [deleted] = await this.#database.write(
      sql(
        `DELETE FROM clients WHERE client_id IN (
           SELECT client_id FROM clients
           WHERE (${dynamic} OR ${described}) AND ${withoutGrants} AND (last_used_at < ? OR (last_used_at IS NULL AND issued_at < ?)) LIMIT ?
         ) RETURNING client_id`,
        now - unusedFor,
        now - neverUsedFor,
        limit,
      ),
    );
    this.#forget(deleted);
    return deleted?.length ?? 0;
  }

  #forget(deleted: readonly Row[] | undefined): void {
    if (this.#outdate(deleted)) this.#onDeleted();
  }

  #outdate(changed: readonly Row[] | undefined): boolean {
    if (changed === undefined || changed.length === 0) return false;
    this.#changes += 1;
    for (const row of changed) this.#cache.delete(row['client_id'] as ClientId);
    return true;
  }
}

const dynamic = "registered_by = 'dynamic'";
const described = "registered_by IN ('metadata_document', 'imported_document')";
const withoutGrants = 'NOT EXISTS (SELECT 1 FROM grants g WHERE g.client_id = clients.client_id)';

function countOf(kind: string): string {
  return `(SELECT count(*) FROM clients WHERE ${kind})`;
}

/** Removes the oldest client of a kind that was never used, where a new one finds no room. */
function makeRoom(kind: string, { clientId, issuedAt }: Client, maximum: number): Statement {
  return sql(
    `DELETE FROM clients WHERE ${countOf(kind)} >= ? AND NOT EXISTS (SELECT 1 FROM clients WHERE client_id = ?) AND client_id IN (
       SELECT client_id FROM clients
       WHERE ${kind} AND ${withoutGrants} AND last_used_at IS NULL AND issued_at < ? ORDER BY issued_at LIMIT 1
     ) RETURNING client_id`,
    maximum,
    clientId,
    issuedAt - protectedFor,
  );
}

function both(one: Statement, other: Statement): Statement {
  return sql(`${one.sql} AND ${other.sql}`, ...one.values, ...other.values);
}

/** What has no column of its own; the same for the same client, read and written however often. */
function metadataJson(client: Client): string {
  const { clientId, clientSecretHash, clientSecretExpiresAt, previousSecret, registeredBy, issuedAt, ...rest } = client;
  const { admission, registrationTokenHash, ...metadata } = rest;
  return JSON.stringify(metadata);
}

/** @param onConflict what happens where there is a client with this id */
function insertClient(client: Client, condition: Statement, onConflict = ''): Statement {
  const { clientId, clientSecretHash, clientSecretExpiresAt, previousSecret, registeredBy, issuedAt } = client;
  const { admission, registrationTokenHash } = client;
  return sql(
    `INSERT INTO clients (client_id, client_secret_hash, client_secret_expires_at, previous_secret_hash, previous_secret_expires_at, registered_by, issued_at, metadata, admission, pending_since, registration_token_hash)
     SELECT ?, ?, CAST(? AS BIGINT), ?, CAST(? AS BIGINT), ?, CAST(? AS BIGINT), ?, ?, CAST(? AS BIGINT), ? WHERE ${condition.sql} ${onConflict} RETURNING client_id`,
    clientId,
    clientSecretHash ?? null,
    clientSecretExpiresAt ?? null,
    previousSecret?.hash ?? null,
    previousSecret?.expiresAt ?? null,
    registeredBy,
    issuedAt,
    metadataJson(client),
    admission ?? null,
    admission === 'pending' ? issuedAt : null,
    registrationTokenHash ?? null,
    ...condition.values,
  );
}

const columns =
  'client_id, client_secret_hash, client_secret_expires_at, previous_secret_hash, previous_secret_expires_at, registered_by, issued_at, last_used_at, metadata, admission, registration_token_hash';

function clientOf(row: Row): Client {
  const metadata = JSON.parse(row['metadata'] as string) as Omit<Client, 'clientId' | 'registeredBy' | 'issuedAt'>;
  return {
    ...metadata,
    clientId: row['client_id'] as ClientId,
    registeredBy: row['registered_by'] as Client['registeredBy'],
    issuedAt: row['issued_at'] as number,
    ...(row['admission'] === null ? {} : { admission: row['admission'] as Admission }),
    ...(row['registration_token_hash'] === null
      ? {}
      : { registrationTokenHash: row['registration_token_hash'] as SecretHash }),
    ...(row['client_secret_hash'] === null ? {} : { clientSecretHash: row['client_secret_hash'] as SecretHash }),
    ...(row['client_secret_expires_at'] === null
      ? {}
      : { clientSecretExpiresAt: row['client_secret_expires_at'] as number }),
    ...(row['previous_secret_hash'] === null
      ? {}
      : {
          previousSecret: {
            hash: row['previous_secret_hash'] as SecretHash,
            expiresAt: row['previous_secret_expires_at'] as number,
          },
        }),
  };
}
