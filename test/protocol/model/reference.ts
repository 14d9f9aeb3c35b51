import {
  type ClientKind,
  clientKinds,
  type ExchangeRules,
  type Freedoms,
  lifetimes,
  machine,
  type ResourceName,
  resources,
  type ServerName,
} from './rules.ts';

/** What is refused leaves everything as it was, unless the rule at hand says otherwise. */
export type Outcome = 'refused' | { readonly access: number; readonly refresh?: number };

export interface ReferenceClient {
  readonly kind: ClientKind;
  gone: boolean;
}

export interface ReferenceUser {
  state: 'active' | 'disabled' | 'deleted';
}

export interface ReferenceGrant {
  /** Index of its client; or the server that exchanged a token for it. */
  readonly client: number | ServerName;
  /** `undefined`: the client acts for itself. */
  readonly user: number | undefined;
  readonly scopes: readonly string[];
  readonly resource: ResourceName;
  readonly approvedAt: number;
  /** The grant at the root of the exchange. */
  readonly root?: number;
  dead: boolean;
  generation: number;
  rotatedAt: number;
  retries: number;
}

interface Issued {
  readonly grant: number;
  readonly expiresAt: number;
  /** The key that it is bound to. */
  readonly key: number | undefined;
  forgotten: boolean;
}

export interface ReferenceCode extends Issued {
  spent: boolean;
}

export interface ReferenceRefreshToken extends Issued {
  readonly generation: number;
}

export interface ReferenceAccessToken extends Issued {
  readonly scopes: readonly string[];
  /** How often a signing key had been compromised when it was signed. */
  readonly signedIn: number;
}

/** How a request presents something. */
export interface Presentation {
  /** Index of the client that sends it. */
  readonly by: number;
  readonly key?: number | undefined;
  readonly resource?: ResourceName | undefined;
}

/**
 * The whole server as a few lists: what was issued, what hangs on what, and what is dead. Written from the specifications
 * and the decisions, with nothing of the server's code, so that a mistake is not made twice.
 */
export class Reference {
  readonly clients: ReferenceClient[] = [];
  readonly users: ReferenceUser[] = [];
  readonly grants: ReferenceGrant[] = [];
  readonly codes: ReferenceCode[] = [];
  readonly refreshTokens: ReferenceRefreshToken[] = [];
  readonly accessTokens: ReferenceAccessToken[] = [];
  readonly #approved = new Set<string>();
  readonly #freedoms: Freedoms;
  now: number;
  #compromises = 0;
  #isMachineGone = false;

  constructor(now: number, freedoms: Freedoms) {
    this.now = now;
    this.#freedoms = freedoms;
  }

  isGrantAlive(index: number): boolean {
    const grant = at(this.grants, index);
    return !grant.dead && (grant.root === undefined || !at(this.grants, grant.root).dead);
  }

  isAccessTokenAlive(index: number): boolean {
    const token = at(this.accessTokens, index);
    return token.expiresAt > this.now && token.signedIn === this.#compromises && this.isGrantAlive(token.grant);
  }

  /** Whether it is still recognised, if only as one that must not be used any more. */
  isKnown({ grant, forgotten }: Issued): boolean {
    return !forgotten && this.isGrantAlive(grant);
  }

  /** What a request for these scopes asks the user for; `undefined` where it is refused before. */
  scopesAskedFor(client: number, resource: ResourceName, requested: readonly string[]): readonly string[] | undefined {
    const { kind, gone } = at(this.clients, client);
    if (gone) return undefined;
    return scopesFor(clientKinds[kind].scopes, resource, requested);
  }

  get isMachineGone(): boolean {
    return this.#isMachineGone;
  }

  /** A machine asks for a token of its own. */
  issueToMachine(resource: ResourceName, requested: readonly string[], key?: number): Outcome {
    const scopes = scopesFor(machine.scopes, resource, requested);
    if (scopes === undefined || this.#isMachineGone) return 'refused';
    const grant = this.#addGrant({ client: machine.name, user: undefined, scopes, resource });
    return { access: this.#addAccessToken(grant, scopes, key) };
  }

  deleteMachine(): void {
    this.#isMachineGone = true;
    this.#endWhere(({ client }) => client === machine.name);
  }

  /** Whether the user has approved all of it before. */
  wasApproved(user: number, client: number, resource: ResourceName, scopes: readonly string[]): boolean {
    return (
      at(this.users, user).state === 'active' &&
      scopes.every((scope) => this.#approved.has([user, client, resource, scope].join(' ')))
    );
  }

  approve(user: number, client: number, resource: ResourceName, scopes: readonly string[], key?: number): number {
    for (const scope of scopes) this.#approved.add([user, client, resource, scope].join(' '));
    const grant = this.#addGrant({ client, user, scopes, resource });
    const code = { grant, expiresAt: this.now + lifetimes.code, key, forgotten: false, spent: false };
    return this.codes.push(code) - 1;
  }

  redeem(index: number, { by, key, resource }: Presentation, verifier: 'right' | 'wrong'): Outcome {
    const code = at(this.codes, index);
    const grant = at(this.grants, code.grant);
    if (!this.isKnown(code) || grant.client !== by) return 'refused';
    if (!code.spent && code.expiresAt <= this.now) return 'refused';
    if (code.key !== undefined && code.key !== key) return 'refused';
    if (verifier === 'wrong') {
      // A guess at the verifier costs the code; one at a spent code costs nobody anything.
      if (!code.spent) grant.dead = true;
      return 'refused';
    }
    if (resource !== undefined && resource !== grant.resource) return 'refused';
    if (code.spent) {
      grant.dead = true;
      return 'refused';
    }
    code.spent = true;
    return this.#issue(code.grant, grant.scopes, key, this.#keyOfRefreshToken(by, key));
  }

  refresh(index: number, { by, key, resource }: Presentation, scopes?: readonly string[]): Outcome {
    const token = at(this.refreshTokens, index);
    const grant = at(this.grants, token.grant);
    if (!this.isKnown(token) || grant.client !== by || token.expiresAt <= this.now) return 'refused';
    if (token.key !== undefined && token.key !== key) return 'refused';
    if (scopes?.some((scope) => !grant.scopes.includes(scope))) return 'refused';
    if (resource !== undefined && resource !== grant.resource) return 'refused';
    const behind = grant.generation - token.generation;
    if (behind === 0) {
      grant.generation += 1;
      grant.rotatedAt = this.now;
      grant.retries = 0;
    } else if (behind === 1 && this.now < grant.rotatedAt + lifetimes.grace) {
      if (grant.retries === lifetimes.retries) return 'refused';
      grant.retries += 1;
    } else {
      grant.dead = true;
      return 'refused';
    }
    const next = token.key ?? this.#keyOfRefreshToken(by, key);
    return this.#issue(token.grant, scopes ?? grant.scopes, key, next);
  }

  exchange(
    index: number,
    { server, from, to, scopes: given }: ExchangeRules,
    wanted?: readonly string[],
    key?: number,
  ): Outcome {
    const token = at(this.accessTokens, index);
    const grant = at(this.grants, token.grant);
    if (!this.isAccessTokenAlive(index) || grant.resource !== from || grant.user === undefined) return 'refused';
    const possible = Object.entries(given).filter(([, needed]) => token.scopes.includes(needed));
    const scopes = wanted ?? possible.map(([scope]) => scope);
    if (scopes.length === 0 || scopes.some((scope) => !possible.some(([name]) => name === scope))) return 'refused';
    const root = grant.root ?? token.grant;
    const made = this.#addGrant({ client: server, user: grant.user, scopes, resource: to, root });
    return { access: this.#addAccessToken(made, scopes, key, token.expiresAt) };
  }

  /** @param by index of the client that asks, or a server's name */
  revoke(kind: 'access' | 'refresh', index: number, by: number | ServerName): void {
    const token = at<Issued>(kind === 'access' ? this.accessTokens : this.refreshTokens, index);
    const grant = at(this.grants, token.grant);
    if (grant.client !== by || !this.isKnown(token)) return;
    if (kind === 'access') {
      const isSigned = at(this.accessTokens, index).signedIn === this.#compromises;
      if (!isSigned || (token.expiresAt <= this.now && !this.#freedoms.findsExpiredAccessTokens)) return;
    }
    grant.dead = true;
  }

  setUser(index: number, state: ReferenceUser['state']): void {
    const user = at(this.users, index);
    if (user.state === 'deleted') return;
    user.state = state;
    if (state !== 'active') this.#endWhere((grant) => grant.user === index);
  }

  /** The user takes the access of a grant back, and all that its client was ever allowed. */
  withdraw(index: number): void {
    const grant = at(this.grants, index);
    grant.dead = true;
    for (const approved of this.#approved)
      if (approved.startsWith(`${grant.user} ${grant.client} `)) this.#approved.delete(approved);
  }

  deleteClient(index: number): void {
    at(this.clients, index).gone = true;
    this.#endWhere((grant) => grant.client === index);
  }

  compromiseKeys(): void {
    if (this.#freedoms.hasSigningKeys) this.#compromises += 1;
  }

  sweep(): void {
    const before = this.now - this.#freedoms.keepsExpired;
    for (const issued of [...this.codes, ...this.refreshTokens, ...this.accessTokens])
      if (issued.expiresAt <= before) issued.forgotten = true;
  }

  #endWhere(ends: (grant: ReferenceGrant) => boolean): void {
    for (const grant of this.grants) if (ends(grant)) grant.dead = true;
  }

  // That of a confidential client is bound to its credentials, and needs no key.
  #keyOfRefreshToken(client: number, key: number | undefined): number | undefined {
    return clientKinds[at(this.clients, client).kind].secret ? undefined : key;
  }

  #addGrant(grant: Pick<ReferenceGrant, 'client' | 'user' | 'scopes' | 'resource' | 'root'>): number {
    const fresh = { approvedAt: this.now, dead: false, generation: 0, rotatedAt: this.now, retries: 0 };
    return this.grants.push({ ...grant, ...fresh }) - 1;
  }

  #addAccessToken(grant: number, scopes: readonly string[], key: number | undefined, atTheLatest?: number): number {
    const { resource } = at(this.grants, grant);
    const expiresAt = Math.min(this.now + resources[resource].accessToken, atTheLatest ?? Number.POSITIVE_INFINITY);
    return this.accessTokens.push({ grant, scopes, key, expiresAt, forgotten: false, signedIn: this.#compromises }) - 1;
  }

  #issue(index: number, scopes: readonly string[], key: number | undefined, refreshKey: number | undefined): Outcome {
    const { client, generation, approvedAt } = at(this.grants, index);
    const access = this.#addAccessToken(index, scopes, key);
    if (typeof client !== 'number' || !clientKinds[at(this.clients, client).kind].refreshes) return { access };
    const expiresAt = Math.min(this.now + lifetimes.refreshToken, approvedAt + lifetimes.absolute);
    const token = { grant: index, generation, expiresAt, key: refreshKey, forgotten: false };
    return { access, refresh: this.refreshTokens.push(token) - 1 };
  }
}

/** What a request gets at a resource, of what its client may ask for; `undefined` where it is refused. */
function scopesFor(
  allowed: readonly string[],
  resource: ResourceName,
  requested: readonly string[],
): readonly string[] | undefined {
  const offered = resources[resource].scopes.filter((scope) => allowed.includes(scope));
  if (requested.length === 0) return offered.length === 0 ? undefined : offered;
  return requested.every((scope) => offered.includes(scope)) ? requested : undefined;
}

/** @throws Error where there is no such item */
export function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) throw new Error(`there is no item ${index} of ${items.length}`);
  return item;
}
