import { existsSync } from 'node:fs';
import { type Clock, systemClock } from '../core/clock.ts';
import type { Database } from '../core/database.ts';
import type { Fetcher } from '../core/egress/fetcher.ts';
import type { Resolver } from '../core/egress/resolve.ts';
import { OAuthError } from '../core/errors.ts';
import type { EventSink } from '../core/events.ts';
import { hashSecret } from '../core/hash.ts';
import { type RequestContext, requestPath } from '../core/http.ts';
import type { AssertedUser } from '../core/identity-assertions.ts';
import type { ClientId, SecretHash, Subject } from '../core/ids.ts';
import { type Random, systemRandom } from '../core/random.ts';
import {
  type AccessToken,
  type AuthorizationCode,
  type Client,
  type DeviceAuthorization,
  type DevicePoll,
  grantIdOf,
  type PushedRequest,
  type RefreshToken,
  type RevocableToken,
  type SingleUseIdentifier,
} from '../core/records.ts';
import { inRequest } from '../core/request-scope.ts';
import { ConfigurationError } from '../core/urls.ts';
import { findAssertedUser, type IssuerUsers } from '../identity/external-identities/find-user.ts';
import { errorJson, registrationHint } from '../oauth/authorization-code/error-page.ts';
import type { RedeemableCode } from '../oauth/authorization-code/redeem.ts';
import type { AuthorizeRequest } from '../oauth/authorization-code/request.ts';
import type { RedeemableDeviceCode } from '../oauth/device/redeem.ts';
import type { VerifiedAssertion } from '../oauth/identity-assertion/verified-assertion.ts';
import type { RedeemableRefreshToken } from '../oauth/refresh-token/rotate.ts';
import { pendingTerms } from '../oauth/register/store.ts';
import type { DecidedGrant } from '../oauth/token/decided-grant.ts';
import type { TokenSet } from '../oauth/token/token-set.ts';
import { DerivedKeys } from '../operations/keys/derived-keys.ts';
import { MasterKey, parseMasterKey } from '../operations/keys/master-key.ts';
import { readOrCreateMasterKey } from '../operations/keys/master-key-file.ts';
import { SigningKeyStore } from '../operations/keys/signing-key-store.ts';
import { SigningKeys, type SigningKeysOptions } from '../operations/keys/signing-keys.ts';
import { OAuthProvider } from '../provider.ts';
import { createRouter } from '../server.ts';
import { migrate } from '../storage/migrations.ts';
import { openDatabase, vanishesWithProcess } from '../storage/open.ts';
import { authorizationErrorPage } from '../web/errors.ts';
import { htmlResponse } from '../web/response.ts';
import { identityCapabilities, operationsCapabilities } from './capabilities.ts';
import { type PortcullisConfig, parseConfig, type ResolvedConfig } from './config.ts';
import { providerEnvironment, providerOptions } from './environment.ts';
import { issuerUsers } from './identity-assertions-config.ts';
import { issueForCode, issueForDecision, issueForDeviceCode, issueForRefreshToken } from './issue.ts';
import { masterKeyFileOf } from './master-key-file.ts';
import { allMigrations, schemaRelease } from './migrations.ts';
import { RequestLimits } from './request-limits.ts';
import { type Foundations, type Services, wireServices } from './services.ts';

const day = 86_400_000;

/** Injected in tests; the system's own otherwise. */
export interface PortcullisRuntime {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly onEvent?: EventSink;
  /** Instead of what `egress` of the configuration makes. */
  readonly egress?: Fetcher;
  readonly resolver?: Resolver;
}

/**
 * The complete authorization server: users, sign-in, consent, tokens and their storage, behind the `OAuthProvider` contract.
 *
 * ```ts
 * const portcullis = await Portcullis.open({ baseUrl: 'https://mcp.example.com' });
 * ```
 */
export class Portcullis extends OAuthProvider {
  readonly config: ResolvedConfig;
  /** The parts, for hosts and the command line, which administer users, clients and grants. */
  readonly services: Services;
  readonly #limits: RequestLimits;
  readonly #usersOf: (issuer: string) => IssuerUsers | undefined;
  readonly #pages: (request: Request, context: RequestContext) => Promise<Response | undefined>;

  private constructor(
    config: ResolvedConfig,
    runtime: Required<Pick<PortcullisRuntime, 'clock' | 'random'>> & PortcullisRuntime,
    foundations: Foundations,
  ) {
    super(providerOptions(config), {
      ...providerEnvironment(config, foundations.derivedKeys.derive('DPoP nonces')),
      ...runtime,
    });
    this.config = config;
    this.services = wireServices(this, config, foundations);
    checkPaths(this);
    this.#limits = new RequestLimits(config, this);
    this.#usersOf = issuerUsers(config.identityAssertions);
    this.#pages = createRouter<Services>(
      [...identityCapabilities, ...operationsCapabilities],
      this.services,
      (error, context) => {
        this.report({ name: 'server.error', reason: 'a page failed', error, ...context });
      },
    );
  }

  /**
   * Opens the database, brings its schema up to date and makes keys at the first start.
   * @throws ConfigurationError where a setting is wrong
   * @throws DatabaseError where the database cannot be used
   */
  static async open(config: PortcullisConfig = {}, runtime: PortcullisRuntime = {}): Promise<Portcullis> {
    const resolved = parseConfig(config);
    const clock = runtime.clock ?? systemClock;
    const random = runtime.random ?? systemRandom;
    const database = await openDatabase(resolved.database);
    try {
      const configuredKey = configuredMasterKey(resolved, random);
      await migrate(database, allMigrations, clock, schemaRelease);
      const masterKey = configuredKey ?? (await masterKeyInFile(resolved, database, random));
      const derivedKeys = await DerivedKeys.open(database, masterKey, clock, random);
      const signingKeys = await openSigningKeys(resolved, {
        store: new SigningKeyStore(database, masterKey, random),
        clock,
        report: runtime.onEvent ?? (() => {}),
      });
      const foundations = { database, masterKey, derivedKeys, signingKeys };
      const portcullis = new Portcullis(resolved, { ...runtime, clock, random }, foundations);
      await portcullis.services.importedDocuments.refresh();
      portcullis.services.retention.start();
      return portcullis;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** To be called when the host begins to shut down: `/readyz` answers 503 from now on, everything else goes on. */
  drain(): void {
    this.services.readiness.end();
  }

  /** Ends background work and closes the database; acknowledged writes are durable already. */
  async close(): Promise<void> {
    await this.services.retention.stop();
    await this.services.database.close();
  }

  /** A one-time link to create the first administrator; `undefined` where there is one. Earlier links stop working. */
  async setupUrl(): Promise<string | undefined> {
    return (await this.services.setupLinks.current())?.url;
  }

  override async handle(request: Request, context: RequestContext = {}): Promise<Response | undefined> {
    return inRequest(context, this.random, async (identified) => {
      const refused = await this.#limits.check(request, identified);
      if (refused !== undefined) return refused;
      if (requestPath(request) === this.settings.paths.serverMetadata) await this.services.importedDocuments.refresh();
      return (await super.handle(request, identified)) ?? (await this.#pages(request, identified));
    });
  }

  override getClient(clientId: ClientId): Promise<Client | undefined> {
    return this.services.clients.get(clientId);
  }

  override async registerClient(client: Client): Promise<void> {
    if (await this.services.clients.addDynamic(client, this.config.registration.maximumClients)) return;
    throw this.#tooManyClients();
  }

  override async registerPendingClient(client: Client): Promise<void> {
    const { maximumClients, maximumPending } = this.config.registration;
    if (await this.services.clients.addDynamic(client, maximumClients, pendingTerms(maximumPending))) return;
    const reason = 'as many clients wait for approval as this server keeps';
    const hint = 'approve or deny some with: portcullis client list --pending; or raise registration.maximumPending';
    this.report({ name: 'request.rate_limited', reason: `${reason}; ${hint}` });
    throw new OAuthError('temporarily_unavailable', reason, { hint });
  }

  override async registerInvitedClient(client: Client, token: SecretHash): Promise<boolean> {
    const { clients, registrationTokens } = this.services;
    const now = this.clock.now();
    const terms = registrationTokens.termsOf(token, client.clientId, now);
    if (await clients.addDynamic(client, this.config.registration.maximumClients, terms)) return true;
    if (await registrationTokens.isUsable(token, now)) throw this.#tooManyClients();
    return false;
  }

  override replaceRegistration(client: Client, before: Client): Promise<boolean> {
    return this.services.clients.replace(client, before, this.clock.now());
  }

  override endRegistration(client: Client): Promise<boolean> {
    return this.services.clients.delete(client.clientId);
  }

  #tooManyClients(): OAuthError {
    const reason = 'this server has as many registered clients as it keeps';
    const hint =
      'raise registration.maximumClients, or remove clients with: portcullis client list, portcullis client delete';
    this.report({ name: 'request.rate_limited', reason: `${reason}; ${hint}` });
    return new OAuthError('temporarily_unavailable', reason, { hint });
  }

  override async rememberClient(client: Client): Promise<void> {
    if (await this.services.clients.putDescribed(client, this.config.clientMetadata.maximumClients)) return;
    const reason = 'this server knows as many clients by their metadata documents as it keeps';
    const hint = 'raise clientMetadata.maximumClients, or set clientMetadata.allowedHosts';
    this.report({ name: 'request.rate_limited', clientId: client.clientId, reason: `${reason}; ${hint}` });
    throw new OAuthError('temporarily_unavailable', reason, { hint });
  }

  override importedDocument(clientId: ClientId): Promise<string | undefined> {
    return this.services.importedDocuments.find(clientId);
  }

  override hasImportedDocuments(): boolean {
    return this.services.importedDocuments.exist;
  }

  override async authorize(_client: Client, request: AuthorizeRequest): Promise<URL> {
    const id = await this.services.requests.add(request);
    return new URL(`${this.services.paths.consent}?request=${id}`, this.settings.baseUrl);
  }

  override loadAuthorizationCode(_client: Client, code: string): Promise<AuthorizationCode | undefined> {
    return this.services.codes.load(hashSecret(code));
  }

  override exchangeAuthorizationCode(client: Client, code: RedeemableCode): Promise<TokenSet> {
    return issueForCode(client, code, this.services);
  }

  override loadRefreshToken(_client: Client, token: string): Promise<RefreshToken | undefined> {
    return this.services.refreshTokens.load(hashSecret(token));
  }

  override exchangeRefreshToken(_client: Client, token: RedeemableRefreshToken): Promise<TokenSet> {
    return issueForRefreshToken(token, this.services);
  }

  override loadAccessToken(token: string): Promise<AccessToken | undefined> {
    return this.services.accessTokens.find(token);
  }

  override async revokeToken(token: RevocableToken): Promise<void> {
    const grantId = grantIdOf(token);
    const revoked = await this.services.grants.revoke(grantId, `${token.kind} revoked`);
    if (revoked) this.report({ name: 'grant.revoked', grantId, reason: `${token.kind} revoked` });
  }

  override issueAccessToken(_client: Client, decided: DecidedGrant): Promise<TokenSet> {
    return issueForDecision(decided, this.services);
  }

  override spendIdentifier(identifier: SingleUseIdentifier): Promise<boolean> {
    return this.services.spentIdentifiers.spend(identifier);
  }

  override subjectOfAssertion(
    _client: Client,
    assertion: VerifiedAssertion,
  ): Promise<AssertedUser<Subject> | undefined> {
    const { externalIdentities } = this.services;
    return findAssertedUser(assertion, { provider: this, identities: externalIdentities, usersOf: this.#usersOf });
  }

  override async pushAuthorizationRequest(client: Client, pushed: PushedRequest): Promise<void> {
    const { maximumWaiting } = this.config.pushedRequests;
    if (await this.services.pushedRequests.add(pushed, maximumWaiting, this.clock.now())) return;
    const reason = 'as many pushed requests wait for their users as this server keeps';
    const hint = 'raise pushedRequests.maximumWaiting, or lower pushedRequests.lifetimeSeconds';
    this.report({ name: 'request.rate_limited', clientId: client.clientId, reason: `${reason}; ${hint}` });
    throw new OAuthError('temporarily_unavailable', reason, { hint });
  }

  override takePushedRequest(client: Client, hash: SecretHash): Promise<PushedRequest | undefined> {
    return this.services.pushedRequests.take(client.clientId, hash);
  }

  override async startDeviceAuthorization(client: Client, request: DeviceAuthorization): Promise<boolean> {
    const added = await this.services.deviceCodes.add(request, this.config.deviceAuthorization.maximumWaiting);
    if (added !== 'full') return added === 'added';
    const reason = 'as many devices wait for their users as this server keeps';
    const hint = 'raise deviceAuthorization.maximumWaiting, or lower deviceAuthorization.codeMinutes';
    this.report({ name: 'request.rate_limited', clientId: client.clientId, reason: `${reason}; ${hint}` });
    throw new OAuthError('temporarily_unavailable', reason, { hint });
  }

  override pollDeviceAuthorization(client: Client, hash: SecretHash): Promise<DevicePoll | undefined> {
    return this.services.deviceCodes.poll(client.clientId, hash);
  }

  override exchangeDeviceCode(client: Client, code: RedeemableDeviceCode): Promise<TokenSet> {
    return issueForDeviceCode(client, code, this.services);
  }

  override async publicKeys(): Promise<readonly Record<string, unknown>[]> {
    return this.services.signingKeys.publicJwks();
  }

  override authorizationErrorPage(request: Request, error: OAuthError, context: RequestContext): Response {
    if (!(request.headers.get('accept') ?? '').includes('text/html')) return errorJson(error, this);
    const site = { name: this.services.siteName, homeUrl: this.services.paths.home };
    return htmlResponse(authorizationErrorPage({ site, error, requestId: context.requestId }), {
      status: error.status,
      headers: { ...error.headers, ...registrationHint(this) },
    });
  }
}

function openSigningKeys(
  { keys, tokens }: ResolvedConfig,
  parts: Pick<SigningKeysOptions, 'store' | 'clock' | 'report'>,
): Promise<SigningKeys> {
  return SigningKeys.open({
    ...parts,
    algorithm: tokens.algorithm,
    publishAhead: keys.publishAheadSeconds * 1000,
    replaceAfter: keys.rotationDays * day,
  });
}

/** @throws ConfigurationError where an MCP endpoint would stand in the place of a page */
function checkPaths({ resources, services }: Portcullis): void {
  const { home: _home, ...pages } = services.paths;
  for (const { key, path } of resources.served) {
    if (Object.values(pages).includes(path)) {
      const setting = key === resources.default.key ? 'mcpPath' : `resources.${key}.path`;
      throw new ConfigurationError(`${setting}: ${path} is the address of a page of this server; choose another path`);
    }
  }
}

/** The master key of the settings, or one that vanishes with a database in memory; `undefined` where it is in a file. */
function configuredMasterKey(config: ResolvedConfig, random: Random): MasterKey | undefined {
  if (config.masterKey !== undefined && config.masterKeyFile !== undefined) {
    throw new ConfigurationError('set either masterKey or masterKeyFile, not both');
  }
  if (config.masterKey !== undefined) return parseMasterKey(config.masterKey, random);
  const file = masterKeyFileOf(config);
  if (file === undefined) {
    if (vanishesWithProcess(config.database)) return new MasterKey([random.bytes(32)], random);
    throw new ConfigurationError('with PostgreSQL, set masterKey or masterKeyFile: the same key for every node');
  }
  return existsSync(file) ? readOrCreateMasterKey(file, random) : undefined;
}

/** @throws ConfigurationError where the file is gone and the database needs it: a new key would open nothing */
async function masterKeyInFile(config: ResolvedConfig, database: Database, random: Random): Promise<MasterKey> {
  const file = masterKeyFileOf(config) ?? '';
  // In this order: a process that starts at the same moment makes the file before it encrypts anything.
  const [used] = await database.read('SELECT (SELECT count(*) FROM signing_keys) AS signing_keys');
  if (Number(used?.['signing_keys']) > 0 && !existsSync(file)) {
    throw new ConfigurationError(
      `the master key file ${file} is missing, and the database was encrypted under it: restore the file, or set masterKey or masterKeyFile`,
    );
  }
  return readOrCreateMasterKey(file, random);
}
