import type { Clock } from '../../core/clock.ts';
import { type Database, type Row, sql } from '../../core/database.ts';
import { OAuthError } from '../../core/errors.ts';
import { hashSecret } from '../../core/hash.ts';
import type { ClientId, SecretHash, Subject } from '../../core/ids.ts';
import { type Random, randomSecret } from '../../core/random.ts';
import type { Client } from '../../core/records.ts';
import { ValidatedRedirectUri } from '../../oauth/authorization-code/redirect-uri.ts';
import type { AuthorizeRequest } from '../../oauth/authorization-code/request.ts';
import type { ClientStore } from '../../oauth/register/store.ts';
import { stillAllowed } from '../../oauth/token/resource.ts';

/** An authorization request that waits for its user to sign in and decide. */
export interface PendingRequest {
  /** As in the page's address: known to one browser. */
  readonly id: string;
  readonly hash: SecretHash;
  readonly client: Client;
  readonly request: AuthorizeRequest;
  readonly createdAt: number;
  /** Hash of the secret of the one browser that may finish it; absent until the first page is shown. */
  readonly browserHash: SecretHash | undefined;
  /** The first user who was asked to sign in again for it. */
  readonly askedUserId: Subject | undefined;
}

type StoredParameters = Omit<AuthorizeRequest, 'client' | 'redirectUri'> & { readonly redirectUri: string };

/** Authorization requests between `/authorize` and the user's decision. */
export class PendingRequests {
  readonly #database: Database;
  readonly #clients: Pick<ClientStore, 'get'>;
  readonly #clock: Clock;
  readonly #random: Random;
  /** How long a user has to sign in and decide, in milliseconds. */
  readonly lifetime: number;

  /**
   * @param clients as they are now: what was registered, or what their metadata documents say
   * @param lifetime in milliseconds
   */
  constructor(database: Database, clients: Pick<ClientStore, 'get'>, clock: Clock, random: Random, lifetime: number) {
    this.#database = database;
    this.#clients = clients;
    this.#clock = clock;
    this.#random = random;
    this.lifetime = lifetime;
  }

  /** Stores a checked request and gives the id by which its pages are addressed. */
  async add(request: AuthorizeRequest): Promise<string> {
    const id = randomSecret(this.#random);
    const { client, redirectUri, ...rest } = request;
    const parameters: StoredParameters = { ...rest, redirectUri: redirectUri.toString() };
    const now = this.#clock.now();
    await this.#database.write(
      sql(
        'INSERT INTO authorization_requests (request_hash, client_id, parameters, created_at, expires_at) VALUES (?, ?, ?, ?, ?)',
        hashSecret(id),
        client.clientId,
        JSON.stringify(parameters),
        now,
        now + this.lifetime,
      ),
    );
    return id;
  }

  /**
   * A request that is neither finished nor expired. Its redirect URI and scopes are matched with the client's once more, so
   * that a client changed or removed meanwhile gets nothing that it may not ask for any more.
   */
  async find(id: string): Promise<PendingRequest | undefined> {
    const hash = hashSecret(id);
    const [row] = await this.#database.read(
      'SELECT client_id, parameters, created_at, browser_hash, asked_user_id FROM authorization_requests WHERE request_hash = ? AND completed_at IS NULL AND expires_at > ?',
      hash,
      this.#clock.now(),
    );
    return row === undefined ? undefined : this.#pendingRequestOf(id, hash, row);
  }

  /** Binds a request to a browser, the first that asks. Resolves to whether it is this browser's now. */
  async bind(pending: PendingRequest, browserHash: SecretHash): Promise<boolean> {
    if (pending.browserHash !== undefined) return pending.browserHash === browserHash;
    const [bound] = await this.#database.write(
      sql(
        'UPDATE authorization_requests SET browser_hash = ? WHERE request_hash = ? AND browser_hash IS NULL RETURNING request_hash',
        browserHash,
        pending.hash,
      ),
    );
    return bound?.length === 1;
  }

  /** Notes who is asked to sign in again; the first one stays. */
  async noteAsked(pending: PendingRequest, userId: Subject): Promise<void> {
    if (pending.askedUserId !== undefined) return;
    await this.#database.write(
      sql(
        'UPDATE authorization_requests SET asked_user_id = ? WHERE request_hash = ? AND asked_user_id IS NULL',
        userId,
        pending.hash,
      ),
    );
  }

  async #pendingRequestOf(id: string, hash: SecretHash, row: Row): Promise<PendingRequest | undefined> {
    const client = await this.#clients.get(row['client_id'] as ClientId);
    if (client === undefined || client.admission === 'pending') return undefined;
    const { redirectUri, ...parameters } = JSON.parse(row['parameters'] as string) as StoredParameters;
    const scopes = stillAllowed(parameters.scopes, client);
    if (scopes.length === 0 && parameters.scopes.length > 0) return undefined;
    try {
      return {
        id,
        hash,
        client,
        request: { ...parameters, scopes, client, redirectUri: ValidatedRedirectUri.match(client, redirectUri) },
        createdAt: row['created_at'] as number,
        browserHash: (row['browser_hash'] as SecretHash | null) ?? undefined,
        askedUserId: (row['asked_user_id'] as Subject | null) ?? undefined,
      };
    } catch (error) {
      if (error instanceof OAuthError) return undefined;
      throw error;
    }
  }
}
