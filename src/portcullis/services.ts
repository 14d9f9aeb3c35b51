import type { Database } from '../core/database.ts';
import type { ClientId } from '../core/ids.ts';
import type { Client } from '../core/records.ts';
import { Consents } from '../identity/consent/consents.ts';
import { PendingRequests } from '../identity/consent/pending-requests.ts';
import { UserCodeThrottle } from '../identity/device/code-throttle.ts';
import { ExternalIdentities } from '../identity/external-identities/store.ts';
import { Passwords } from '../identity/passwords/passwords.ts';
import type { IdentityServices, PagePaths } from '../identity/services.ts';
import { Sessions } from '../identity/sessions/sessions.ts';
import { SetupLinks } from '../identity/setup/setup-links.ts';
import { passwordOnly, SignInLevels } from '../identity/sign-in/sign-in-levels.ts';
import { SignInThrottle } from '../identity/sign-in/throttle.ts';
import { Users } from '../identity/users/users.ts';
import { AuthorizationCodeStore } from '../oauth/authorization-code/store.ts';
import { ImportedDocuments } from '../oauth/client-metadata/imported-documents.ts';
import { DeviceCodeStore } from '../oauth/device/store.ts';
import { PushedRequestStore } from '../oauth/pushed-requests/store.ts';
import { RefreshTokenStore } from '../oauth/refresh-token/store.ts';
import { RegistrationTokens } from '../oauth/register/registration-tokens.ts';
import { ClientStore } from '../oauth/register/store.ts';
import { SpentIdentifiers } from '../oauth/single-use/store.ts';
import { GrantStore } from '../oauth/token/grant-store.ts';
import type { HealthServices } from '../operations/health/index.ts';
import { Readiness } from '../operations/health/readiness.ts';
import type { DerivedKeys } from '../operations/keys/derived-keys.ts';
import type { MasterKey } from '../operations/keys/master-key.ts';
import type { SigningKeys } from '../operations/keys/signing-keys.ts';
import { Retention, type RetentionTask } from '../operations/retention/retention.ts';
import { retentionRules, tasksFor } from '../operations/retention/rules.ts';
import type { OAuthProvider } from '../provider.ts';
import { createCookies } from '../web/cookies.ts';
import { createCsrf } from '../web/csrf.ts';
import { AccessTokens } from './access-tokens.ts';
import type { ResolvedConfig } from './config.ts';
import { throttleLimits } from './environment.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** What has to be opened before the parts can be wired. */
export interface Foundations {
  readonly database: Database;
  readonly masterKey: MasterKey;
  readonly derivedKeys: DerivedKeys;
  readonly signingKeys: SigningKeys;
}

/** Everything that `Portcullis` is made of. */
export interface Services extends IdentityServices, HealthServices {
  readonly accessTokens: AccessTokens;
  readonly importedDocuments: ImportedDocuments;
  readonly pushedRequests: PushedRequestStore;
  readonly externalIdentities: ExternalIdentities;
  readonly refreshTokens: RefreshTokenStore;
  readonly registrationTokens: RegistrationTokens;
  readonly spentIdentifiers: SpentIdentifiers;
  readonly signingKeys: SigningKeys;
  readonly masterKey: MasterKey;
  readonly retention: Retention;
}

/** Builds the parts, each from the ones above it. */
export function wireServices(provider: OAuthProvider, config: ResolvedConfig, foundations: Foundations): Services {
  const { database, masterKey, derivedKeys, signingKeys } = foundations;
  const { clock, random, settings } = provider;
  const report = provider.report.bind(provider);
  const baseUrl = settings.baseUrl;
  const prefix = settings.paths.token.slice(0, -'/token'.length);
  const paths = pagePaths(prefix, settings.paths.device);
  const cookies = createCookies(baseUrl);
  const grants = new GrantStore(database, clock);
  const clients = new ClientStore({ database, onDeleted: () => grants.noteRevocation() });
  const resourcesForAdministrators = new Set(
    provider.resources.all.filter(({ key }) => config.resources[key]?.users === 'administrators').map(({ uri }) => uri),
  );
  const users = new Users({
    database,
    clock,
    random,
    report,
    resourcesForAdministrators,
    onGrantsRevoked: () => grants.noteRevocation(),
  });
  const unusedClients: RetentionTask = {
    name: 'clients that are not used',
    remove: (limit) =>
      clients.deleteUnused(
        {
          neverUsedFor: config.registration.unusedDays * day,
          unusedFor: Math.max(...provider.resources.all.map(({ lifetimes }) => lifetimes.refreshTokenAbsolute)),
          now: clock.now(),
        },
        limit,
      ),
  };
  const unapprovedClients: RetentionTask = {
    name: 'clients that nobody approved',
    remove: (limit) => clients.deletePending(clock.now() - config.registration.pendingHours * hour, limit),
  };
  const keyUpkeep: RetentionTask = { name: 'retired signing keys', remove: () => signingKeys.maintain() };
  return {
    provider,
    database,
    prefix,
    siteName: config.name,
    secure: cookies.secure,
    paths,
    clients,
    grants,
    users,
    csrf: createCsrf({ key: derivedKeys.derive('csrf'), baseUrl, random }),
    passwords: new Passwords({
      random,
      memoryKiB: config.passwords.memoryKiB,
      passes: config.passwords.passes,
      parallelism: config.passwords.parallelism,
      minimumLength: config.passwords.minimumLength,
      queueLimit: config.passwords.queueLimit,
      ...(config.passwords.concurrency === undefined ? {} : { concurrency: config.passwords.concurrency }),
    }),
    sessions: new Sessions({
      database,
      clock,
      random,
      report,
      cookies,
      idleTimeout: Math.min(config.sessions.idleMinutes * 60_000, config.sessions.absoluteHours * 3_600_000),
      absoluteTimeout: config.sessions.absoluteHours * 3_600_000,
    }),
    signInLevels: new SignInLevels([{ acr: config.signIn.acrOfPassword, amr: passwordOnly }]),
    throttle: new SignInThrottle({
      database,
      clock,
      random,
      cookies,
      key: derivedKeys.derive('known browsers'),
      limits: throttleLimits(config.signIn),
    }),
    userCodeThrottle: new UserCodeThrottle({
      database,
      clock,
      random,
      key: derivedKeys.derive('guesses of device codes'),
      limits: throttleLimits(config.deviceAuthorization.guesses),
    }),
    setupLinks: new SetupLinks({
      database,
      clock,
      random,
      report,
      setupUrl: `${new URL(baseUrl).origin}${paths.setup}`,
    }),
    requests: new PendingRequests(
      database,
      { get: (clientId) => currentClient(clientId, clients, provider) },
      clock,
      random,
      config.signIn.requestMinutes * 60_000,
    ),
    consents: new Consents(database),
    codes: new AuthorizationCodeStore(database),
    importedDocuments: new ImportedDocuments(database, clock, random),
    deviceCodes: new DeviceCodeStore(database, clock, derivedKeys.derive('device codes')),
    pushedRequests: new PushedRequestStore(database),
    externalIdentities: new ExternalIdentities({
      database,
      clock,
      random,
      report,
      onGrantsRevoked: () => grants.noteRevocation(),
    }),
    refreshTokens: new RefreshTokenStore(database),
    registrationTokens: new RegistrationTokens(database),
    spentIdentifiers: new SpentIdentifiers(database),
    resourcesForAdministrators,
    readiness: new Readiness(),
    signingKeys,
    masterKey,
    accessTokens: new AccessTokens({ keys: signingKeys, grants, database, clock, issuer: settings.issuer }),
    retention: new Retention(
      [...tasksFor(retentionRules, database, clock), unusedClients, unapprovedClients, keyUpkeep],
      {
        onError: (error, task) => report({ name: 'server.error', reason: `removing ${task} failed`, error }),
      },
    ),
  };
}

/** The client of a request that waits for its user: as its metadata document says now, where it has one. */
async function currentClient(
  clientId: ClientId,
  clients: ClientStore,
  { metadataDocuments }: OAuthProvider,
): Promise<Client | undefined> {
  const client = await clients.get(clientId);
  return client === undefined ? undefined : metadataDocuments.current(client);
}

function pagePaths(prefix: string, device: string): PagePaths {
  return {
    home: prefix === '' ? '/' : prefix,
    setup: `${prefix}/setup`,
    signIn: `${prefix}/sign-in`,
    signOut: `${prefix}/sign-out`,
    consent: `${prefix}/consent`,
    device,
    deviceDecision: `${device}/decision`,
    account: `${prefix}/account`,
  };
}
