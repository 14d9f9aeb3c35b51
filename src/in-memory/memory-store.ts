import type { ClientId, GrantId, SecretHash } from '../core/ids.ts';
import type { AccessToken, AuthorizationCode, Client, Grant, PushedRequest, RefreshToken } from '../core/records.ts';
import { MemoryDevices } from './memory-devices.ts';

/** A lost response or a second tab gets a fresh token at most this often before the next rotation. */
export const maximumRetries = 8;

/** Clients that wait for approval at most. */
const maximumPendingClients = 100;

/** How long each waits. */
const pendingLifetime = 3 * 86_400_000;

/** Pushed requests that wait at most. */
const maximumPushedRequests = 10_000;

/** Expired entries are looked for after at least this many writes. */
const writesBetweenSweeps = 1000;

/** A grant with the state of its token family. Times are milliseconds since the epoch. */
export interface StoredGrant {
  readonly grant: Grant;
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Grows by one with every rotation. */
  readonly generation: number;
  readonly rotatedAt: number;
  /** How often the previous generation's tokens were presented again since the last rotation. */
  readonly retries: number;
}

export interface StoredRefreshToken extends RefreshToken {
  /** The grant's generation for which it was issued. */
  readonly generation: number;
}

/** An initial access token (RFC 7591 §3). */
export interface StoredRegistrationToken {
  readonly usesLeft: number;
  readonly expiresAt: number;
}

/**
 * `rotated`: this call advanced the family. `retried`: the token is of the immediately previous generation and within
 * the grace. `refused`: it was retried too often, or its grant is gone. `reused`: it is older than that.
 */
export type Rotation =
  | { readonly outcome: 'rotated' | 'retried'; readonly stored: StoredGrant }
  | { readonly outcome: 'refused' | 'reused' };

/**
 * Everything that an `InMemoryProvider` remembers; secrets as hashes. Each method runs to its end without waiting, which
 * makes it atomic. Whatever hangs on a grant counts only as long as the grant is here.
 */
export class MemoryStore {
  readonly clients = new Map<ClientId, Client>();
  readonly grants = new Map<GrantId, StoredGrant>();
  readonly codes = new Map<SecretHash, AuthorizationCode>();
  readonly refreshTokens = new Map<SecretHash, StoredRefreshToken>();
  readonly accessTokens = new Map<string, AccessToken>();
  /** Until when each is remembered. */
  readonly spentIdentifiers = new Map<SecretHash, number>();
  readonly pushedRequests = new Map<SecretHash, PushedRequest>();
  readonly registrationTokens = new Map<SecretHash, StoredRegistrationToken>();
  readonly devices = new MemoryDevices();
  #writesUntilSweep = writesBetweenSweeps;

  /**
   * Adds a client; where there are too many, the oldest one without a live grant makes room.
   * @returns whether there was room
   */
  addClient(client: Client, maximumClients: number, now: number): boolean {
    if (this.clients.size >= maximumClients) {
      this.removeExpired(now);
      const inUse = new Set([...this.grants.values()].map(({ grant }) => grant.clientId));
      const oldest = [...this.clients.keys()].find((clientId) => !inUse.has(clientId));
      if (oldest === undefined) return false;
      this.clients.delete(oldest);
    }
    this.clients.set(client.clientId, client);
    return true;
  }

  /** Adds a client, or puts it in the place of the one with its id. @returns whether there was room */
  putClient(client: Client, maximumClients: number, now: number): boolean {
    if (!this.clients.has(client.clientId)) return this.addClient(client, maximumClients, now);
    this.clients.set(client.clientId, client);
    return true;
  }

  /** @returns whether there was room for one more that waits */
  addPendingClient(client: Client, maximumClients: number, now: number): boolean {
    const waiting = [...this.clients.values()].filter(({ admission }) => admission === 'pending');
    const [oldest] = waiting;
    if (oldest !== undefined && oldest.issuedAt <= now - pendingLifetime) this.deleteClient(oldest.clientId);
    return (
      waiting.filter(({ clientId }) => this.clients.has(clientId)).length < maximumPendingClients &&
      this.addClient(client, maximumClients, now)
    );
  }

  /** Adds a client for one use of a token. `unusable`: the token has none left; `full`: there was no room. */
  addInvitedClient(
    client: Client,
    token: SecretHash,
    maximumClients: number,
    now: number,
  ): 'added' | 'unusable' | 'full' {
    const stored = this.registrationTokens.get(token);
    if (stored === undefined || stored.usesLeft < 1 || stored.expiresAt <= now) return 'unusable';
    if (!this.addClient(client, maximumClients, now)) return 'full';
    this.registrationTokens.set(token, { ...stored, usesLeft: stored.usesLeft - 1 });
    return 'added';
  }

  /** @returns whether the client was there as before, and not waiting for approval */
  replaceClient(client: Client, before: Client): boolean {
    const stored = this.clients.get(client.clientId);
    if (stored === undefined || stored.admission === 'pending') return false;
    if (stored.registrationTokenHash !== before.registrationTokenHash) return false;
    if (stored.clientSecretHash !== before.clientSecretHash || stored.admission !== before.admission) return false;
    this.clients.set(client.clientId, client);
    return true;
  }

  /** Ends a client with its grants and all that hangs on them. @returns whether it was there */
  deleteClient(clientId: ClientId): boolean {
    for (const [hash, pushed] of this.pushedRequests) {
      if (pushed.clientId === clientId) this.pushedRequests.delete(hash);
    }
    for (const [grantId, { grant }] of this.grants) if (grant.clientId === clientId) this.grants.delete(grantId);
    return this.clients.delete(clientId);
  }

  addCode(code: AuthorizationCode, claims: Readonly<Record<string, unknown>> | undefined): void {
    this.addGrant(code.grant, claims);
    this.codes.set(code.hash, code);
  }

  addGrant(grant: Grant, claims: Readonly<Record<string, unknown>> | undefined): StoredGrant {
    this.#countWrite(grant.approvedAt);
    const stored: StoredGrant = {
      grant,
      generation: 0,
      rotatedAt: grant.approvedAt,
      retries: 0,
      ...(claims === undefined ? {} : { claims }),
    };
    this.grants.set(grant.grantId, stored);
    return stored;
  }

  /** @returns whether the identifier was new */
  spendIdentifier(hash: SecretHash, expiresAt: number, now: number): boolean {
    this.#countWrite(now);
    if (this.spentIdentifiers.has(hash)) return false;
    this.spentIdentifiers.set(hash, expiresAt);
    return true;
  }

  /** @returns whether there was room */
  addPushedRequest(pushed: PushedRequest, now: number): boolean {
    this.#countWrite(now);
    if (this.pushedRequests.size >= maximumPushedRequests) this.removeExpired(now);
    if (this.pushedRequests.size >= maximumPushedRequests) return false;
    this.pushedRequests.set(pushed.hash, pushed);
    return true;
  }

  /** Takes a client's pushed request out, once. */
  takePushedRequest(clientId: ClientId, hash: SecretHash): PushedRequest | undefined {
    const pushed = this.pushedRequests.get(hash);
    if (pushed?.clientId !== clientId) return undefined;
    this.pushedRequests.delete(hash);
    return pushed;
  }

  findCode(hash: SecretHash): AuthorizationCode | undefined {
    return this.#hangingOnGrant(this.codes.get(hash), (code) => code.grant.grantId);
  }

  findRefreshToken(hash: SecretHash): StoredRefreshToken | undefined {
    return this.#hangingOnGrant(this.refreshTokens.get(hash), (token) => token.grant.grantId);
  }

  findAccessToken(hash: SecretHash): AccessToken | undefined {
    return this.#hangingOnGrant(this.accessTokens.get(hash), (token) => token.grantId);
  }

  /** Spends a code, once. @returns its grant where this call did, `undefined` where it was spent or revoked before */
  spend(hash: SecretHash, now: number): StoredGrant | undefined {
    const code = this.codes.get(hash);
    if (code === undefined || code.spentAt !== undefined) return undefined;
    this.codes.set(hash, { ...code, spentAt: now });
    return this.grants.get(code.grant.grantId);
  }

  /**
   * Decides what presenting a refresh token means, and advances its family accordingly.
   * @param grace milliseconds after a rotation during which the previous generation counts as a retry
   */
  rotate(hash: SecretHash, now: number, grace: number): Rotation {
    const token = this.refreshTokens.get(hash);
    const stored = token === undefined ? undefined : this.grants.get(token.grant.grantId);
    if (token === undefined || stored === undefined) return { outcome: 'refused' };
    if (token.generation === stored.generation) {
      return this.#advanced('rotated', { ...stored, generation: stored.generation + 1, rotatedAt: now, retries: 0 });
    }
    if (token.generation !== stored.generation - 1 || stored.rotatedAt + grace <= now) return { outcome: 'reused' };
    if (stored.retries >= maximumRetries) return { outcome: 'refused' };
    return this.#advanced('retried', { ...stored, retries: stored.retries + 1 });
  }

  /** Adds tokens of a grant, the refresh token in the family's present generation. */
  addTokens(
    { generation }: StoredGrant,
    accessToken: AccessToken,
    refreshToken: RefreshToken | undefined,
    now: number,
  ): void {
    this.#countWrite(now);
    this.accessTokens.set(accessToken.tokenId, accessToken);
    if (refreshToken !== undefined) this.refreshTokens.set(refreshToken.hash, { ...refreshToken, generation });
  }

  /** Ends a grant with all that hangs on it. @returns whether it was alive */
  revoke(grantId: GrantId): boolean {
    return this.grants.delete(grantId);
  }

  /** Forgets what has expired or was revoked, and grants that nothing hangs on any more. */
  removeExpired(now: number): void {
    const inUse = new Set<GrantId>(this.devices.removeExpired(now));
    const sweep = <Key, Entry extends { readonly expiresAt: number }>(
      entries: Map<Key, Entry>,
      grantIdOf: (entry: Entry) => GrantId,
    ) => {
      for (const [key, entry] of entries) {
        const grantId = grantIdOf(entry);
        if (entry.expiresAt <= now || !this.grants.has(grantId)) entries.delete(key);
        else inUse.add(grantId);
      }
    };
    sweep(this.codes, (code) => code.grant.grantId);
    sweep(this.refreshTokens, (token) => token.grant.grantId);
    sweep(this.accessTokens, (token) => token.grantId);
    for (const grantId of this.grants.keys()) if (!inUse.has(grantId)) this.grants.delete(grantId);
    for (const [hash, expiresAt] of this.spentIdentifiers) if (expiresAt <= now) this.spentIdentifiers.delete(hash);
    for (const [hash, { expiresAt }] of this.registrationTokens)
      if (expiresAt <= now) this.registrationTokens.delete(hash);
    for (const [hash, { expiresAt }] of this.pushedRequests) if (expiresAt <= now) this.pushedRequests.delete(hash);
    this.#writesUntilSweep = Math.max(
      writesBetweenSweeps,
      this.devices.size +
        this.pushedRequests.size +
        this.spentIdentifiers.size +
        this.codes.size +
        this.refreshTokens.size +
        this.accessTokens.size,
    );
  }

  #advanced(outcome: 'rotated' | 'retried', stored: StoredGrant): Rotation {
    this.grants.set(stored.grant.grantId, stored);
    return { outcome, stored };
  }

  #hangingOnGrant<Entry>(entry: Entry | undefined, grantIdOf: (entry: Entry) => GrantId): Entry | undefined {
    return entry !== undefined && this.#lives(grantIdOf(entry)) ? entry : undefined;
  }

  #lives(grantId: GrantId): boolean {
    const stored = this.grants.get(grantId);
    return (
      stored !== undefined && (stored.grant.rootGrantId === undefined || this.grants.has(stored.grant.rootGrantId))
    );
  }

  #countWrite(now: number): void {
    this.#writesUntilSweep -= 1;
    if (this.#writesUntilSweep <= 0) this.removeExpired(now);
  }
}
