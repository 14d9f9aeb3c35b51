import type {
  DeviceError,
  Issued,
  Outcome,
  Presentation,
  ReferenceAccessToken,
  ReferenceAssertion,
  ReferenceClient,
  ReferenceCode,
  ReferenceDevice,
  ReferenceGrant,
  ReferenceRefreshToken,
  ReferenceSignIn,
  ReferenceUser,
} from './records.ts';
import {
  acr,
  type ClientKind,
  clientKinds,
  documentScopes,
  type ExchangeRules,
  enterprise,
  type Freedoms,
  type IssuerNumber,
  lifetimes,
  machine,
  maxAgeOf,
  type ResourceName,
  resources,
  type ServerName,
  scopesFor,
  type ToolName,
  tools,
} from './rules.ts';

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
  readonly devices: ReferenceDevice[] = [];
  readonly assertions: ReferenceAssertion[] = [];
  /** Which user somebody is that an issuer knows. */
  readonly links = new Map<string, number>();
  readonly removedIssuers = new Set<IssuerNumber>();
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

  addClient(kind: ClientKind): number {
    const { scopes } = clientKinds[kind];
    const described = kind === 'of a document' ? { gone: true, document: 'good' as const } : { gone: false };
    return this.clients.push({ kind, scopes, ...described }) - 1;
  }

  /** The document of a client is looked up, and what it says counts from now on. @returns whether there is such a client */
  introduce(index: number): boolean {
    const client = at(this.clients, index);
    if (client.document === undefined) return !client.gone;
    const scopes = documentScopes[client.document];
    if (scopes === undefined) return false;
    client.gone = false;
    client.scopes = scopes;
    return true;
  }

  /** What a request for these scopes asks the user for; `undefined` where it is refused before. */
  scopesAskedFor(index: number, resource: ResourceName, requested: readonly string[]): readonly string[] | undefined {
    const { document, gone, scopes } = at(this.clients, index);
    if (document === undefined) return gone ? undefined : scopesFor(scopes, resource, requested);
    const described = document === 'elsewhere' ? undefined : documentScopes[document];
    return described && scopesFor(described, resource, requested);
  }

  signIn(user: number): void {
    at(this.users, user).signedInAt = this.now;
  }

  /** Whether the last sign-in of a user will do for these scopes. @param maxAge what was asked for besides, milliseconds */
  isSignInRecent(user: number, scopes: readonly string[], maxAge = Number.POSITIVE_INFINITY): boolean {
    return this.now - at(this.users, user).signedInAt <= Math.min(maxAge, ...scopes.map(maxAgeOf));
  }

  get isMachineGone(): boolean {
    return this.#isMachineGone;
  }

  /** A machine asks for a token of its own. */
  issueToMachine(resource: ResourceName, requested: readonly string[], key?: number): Outcome {
    const scopes = scopesFor(machine.scopes, resource, requested);
    if (scopes === undefined || this.#isMachineGone) return 'refused';
    const grant = this.#addGrant({
      client: machine.name,
      user: undefined,
      scopes,
      resource,
      signIn: undefined,
    });
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

  approve(
    user: number,
    client: number,
    resource: ResourceName,
    scopes: readonly string[],
    { key, asksForAcr }: { readonly key?: number | undefined; readonly asksForAcr: boolean },
  ): number {
    for (const scope of scopes) this.#approved.add([user, client, resource, scope].join(' '));
    const signIn = this.#signInOf(user, asksForAcr);
    const grant = this.#addGrant({ client, user, scopes, resource, signIn });
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
    if (!this.#isStillAllowed(grant.scopes, by)) return 'refused';
    code.spent = true;
    return this.#issue(code.grant, grant.scopes, key, this.#keyOfRefreshToken(by, key));
  }

  /** A device asks. @returns its index; `undefined` where it is refused */
  startDevice(client: number, resource: ResourceName, requested: readonly string[]): number | undefined {
    if (!this.introduce(client) || !clientKinds[at(this.clients, client).kind].devices) return undefined;
    const scopes = scopesFor(at(this.clients, client).scopes, resource, requested);
    if (scopes === undefined) return undefined;
    const timing = { wait: lifetimes.pollInterval, nextPollAt: this.now, expiresAt: this.now + lifetimes.deviceCode };
    const device = { client, scopes, resource, ...timing, decision: undefined, spent: false, forgotten: false };
    return this.devices.push(device) - 1;
  }

  /** What a user who enters the code is asked for; `undefined` where nothing waits. */
  scopesOfDevice(index: number): readonly string[] | undefined {
    const device = at(this.devices, index);
    const client = at(this.clients, device.client);
    if (device.decision !== undefined || device.expiresAt <= this.now) return undefined;
    if (client.gone || device.forgotten) return undefined;
    // While the host of its document is down, the document of before counts.
    if (this.#freedoms.looksAgain && !this.introduce(device.client) && client.document !== 'down') return undefined;
    return device.scopes.filter((scope) => client.scopes.includes(scope));
  }

  decideOnDevice(index: number, user: number, decision: readonly string[] | 'denied'): void {
    const device = at(this.devices, index);
    const { client, resource } = device;
    const signIn = this.#signInOf(user, false);
    device.decision =
      decision === 'denied' ? decision : this.#addGrant({ client, user, scopes: decision, resource, signIn });
  }

  poll(index: number, { by, key, resource }: Presentation): Outcome {
    const device = at(this.devices, index);
    const { decision } = device;
    if (device.client !== by || device.forgotten || at(this.clients, by).gone) return 'refused';
    if (decision === 'denied') return 'access_denied';
    if (decision === undefined) return this.#countPoll(device);
    const grant = at(this.grants, decision);
    if (grant.dead) return 'invalid_grant';
    if (!device.spent && device.expiresAt <= this.now) return 'expired_token';
    if (resource !== undefined && resource !== device.resource) return 'refused';
    if (device.spent) {
      grant.dead = true;
      return 'invalid_grant';
    }
    if (!this.#isStillAllowed(grant.scopes, by)) return 'invalid_grant';
    device.spent = true;
    return this.#issue(decision, grant.scopes, key, this.#keyOfRefreshToken(by, key));
  }

  #countPoll(device: ReferenceDevice): DeviceError {
    if (device.expiresAt <= this.now) return 'expired_token';
    const isTooSoon = device.nextPollAt > this.now;
    if (isTooSoon) device.wait += lifetimes.pollInterval;
    device.nextPollAt = this.now + device.wait;
    return isTooSoon ? 'slow_down' : 'authorization_pending';
  }

  /** An issuer asserts one of its people. */
  assert(issuer: IssuerNumber, person: number, scopes: readonly string[], signedInAt: number | undefined): number {
    const refusedFrom = this.now + lifetimes.assertion;
    return this.assertions.push({ issuer, person, scopes, signedInAt, refusedFrom, spent: false }) - 1;
  }

  present(index: number, key: number | undefined): Outcome {
    const assertion = at(this.assertions, index);
    const { issuer, person, refusedFrom, signedInAt } = assertion;
    const scopes = assertion.scopes.filter((scope) => enterprise.scopes.includes(scope));
    if (this.removedIssuers.has(issuer) || refusedFrom <= this.now || scopes.length === 0) return 'refused';
    if (assertion.spent) return 'refused';
    assertion.spent = true;
    const user = this.links.get(`${issuer} ${person}`);
    if (user === undefined || at(this.users, user).state !== 'active') return 'refused';
    // Who does not say when signed in long ago.
    const signIn = { at: signedInAt ?? 0, acr: undefined };
    const grant = this.#addGrant({ client: enterprise.name, user, scopes, resource: 'notes', signIn });
    return { access: this.#addAccessToken(grant, scopes, key) };
  }

  /** Whoever was taken for the user keeps nothing. */
  unlink(issuer: IssuerNumber, person: number): void {
    const user = this.links.get(`${issuer} ${person}`);
    this.links.delete(`${issuer} ${person}`);
    this.#endWhere((grant) => grant.client === enterprise.name && grant.user === user && user !== undefined);
  }

  /** How the gate answers who calls a tool. */
  call(
    index: number,
    tool: ToolName,
  ): 'passes' | 'invalid_token' | 'insufficient_scope' | 'insufficient_user_authentication' {
    const { scopes, grant } = at(this.accessTokens, index);
    const { resource, signIn } = at(this.grants, grant);
    const { scope, maxAge } = tools[tool];
    if (!this.isAccessTokenAlive(index) || resource !== tools[tool].resource) return 'invalid_token';
    if (!scopes.includes(scope)) return 'insufficient_scope';
    const isRecent = signIn !== undefined && this.now - signIn.at <= maxAge;
    return isRecent ? 'passes' : 'insufficient_user_authentication';
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
    const { user, signIn } = grant;
    const made = this.#addGrant({ client: server, user, scopes, resource: to, root, signIn });
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
    if (state !== 'deleted') return;
    for (const [person, linked] of this.links) if (linked === index) this.links.delete(person);
  }

  /** The user takes the access of a grant back, and all that its client was ever allowed. */
  withdraw(index: number): void {
    const grant = at(this.grants, index);
    grant.dead = true;
    this.#forgetApproval((user, client) => user === String(grant.user) && client === String(grant.client));
  }

  deleteClient(index: number): void {
    at(this.clients, index).gone = true;
    this.#endWhere((grant) => grant.client === index);
    this.#forgetApproval((_user, client) => client === String(index));
    for (const device of this.devices) if (device.client === index) device.forgotten = true;
  }

  compromiseKeys(): void {
    if (this.#freedoms.hasSigningKeys) this.#compromises += 1;
  }

  sweep(): void {
    const before = this.now - this.#freedoms.keepsExpired;
    for (const issued of [...this.codes, ...this.refreshTokens, ...this.accessTokens, ...this.devices])
      if (issued.expiresAt <= before) issued.forgotten = true;
  }

  #forgetApproval(matches: (user: string | undefined, client: string | undefined) => boolean): void {
    for (const approved of this.#approved) {
      const [user, client] = approved.split(' ');
      if (matches(user, client)) this.#approved.delete(approved);
    }
  }

  // What its client may not ask for any more is not handed out for what it asked for before.
  #isStillAllowed(scopes: readonly string[], client: number): boolean {
    return scopes.every((scope) => at(this.clients, client).scopes.includes(scope));
  }

  #signInOf(user: number, asksForAcr: boolean): ReferenceSignIn {
    return { at: at(this.users, user).signedInAt, acr: asksForAcr || this.#freedoms.alwaysTellsAcr ? acr : undefined };
  }

  #endWhere(ends: (grant: ReferenceGrant) => boolean): void {
    for (const grant of this.grants) if (ends(grant)) grant.dead = true;
  }

  // That of a confidential client is bound to its credentials, and needs no key.
  #keyOfRefreshToken(client: number, key: number | undefined): number | undefined {
    return clientKinds[at(this.clients, client).kind].secret ? undefined : key;
  }

  #addGrant(grant: Pick<ReferenceGrant, 'client' | 'user' | 'scopes' | 'resource' | 'root' | 'signIn'>): number {
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

/** @throws Error where there is no such item */
export function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) throw new Error(`there is no item ${index} of ${items.length}`);
  return item;
}
