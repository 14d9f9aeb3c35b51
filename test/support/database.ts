import type { Clock } from '../../src/core/clock.ts';
import { type Database, sql } from '../../src/core/database.ts';
import type { ClientId, GrantId, ResourceUri, SecretHash, Subject } from '../../src/core/ids.ts';
import { systemRandom } from '../../src/core/random.ts';
import type { AuthorizationCode, Client, Grant, RefreshToken } from '../../src/core/records.ts';
import { storeCode } from '../../src/oauth/authorization-code/store.ts';
import { ClientStore } from '../../src/oauth/register/store.ts';
import { DerivedKeys } from '../../src/operations/keys/derived-keys.ts';
import { MasterKey } from '../../src/operations/keys/master-key.ts';
import { SigningKeyStore } from '../../src/operations/keys/signing-key-store.ts';
import { SigningKeys, type SigningKeysOptions } from '../../src/operations/keys/signing-keys.ts';
import { allMigrations } from '../../src/portcullis/migrations.ts';
import type { DatabaseWithDialect } from '../../src/storage/dialect.ts';
import { migrate } from '../../src/storage/migrations.ts';
import { openDatabase } from '../../src/storage/open.ts';
import { testDatabase } from './engine.ts';

/** When everything here begins, in milliseconds since the epoch: the start of a `ManualClock`. */
export const start = 1_800_000_000_000;

/** An empty database with the whole schema. */
export async function openSchema(path?: string): Promise<DatabaseWithDialect> {
  return openAt((await testDatabase(path)).database);
}

/** The database at an address, with the whole schema. */
export async function openAt(address: string): Promise<DatabaseWithDialect> {
  const database = await openDatabase(address);
  await migrate(database, allMigrations);
  return database;
}

export function clientNamed(id: string, changes: Partial<Client> = {}): Client {
  return {
    clientId: id as ClientId,
    tokenEndpointAuthMethod: 'none',
    redirectUris: ['http://localhost:9999/cb'],
    grantTypes: ['authorization_code', 'refresh_token'],
    responseTypes: ['code'],
    scopes: ['read', 'write'],
    registeredBy: 'dynamic',
    issuedAt: start,
    clientName: `Client ${id}`,
    ...changes,
  };
}

export function grantNamed(id: string, changes: Partial<Grant> = {}): Grant {
  return {
    grantId: id as GrantId,
    clientId: 'client' as ClientId,
    subject: 'user' as Subject,
    scopes: ['read'],
    resource: 'https://mcp.example.com/mcp' as ResourceUri,
    authenticatedAt: start,
    approvedAt: start,
    ...changes,
  };
}

export function codeFor(grant: Grant, hash: string, expiresAt = start + 60_000): AuthorizationCode {
  return {
    kind: 'authorization_code',
    hash: hash as SecretHash,
    grant,
    redirectUri: 'http://localhost:9999/cb',
    redirectUriWasSent: true,
    codeChallenge: 'c'.repeat(43),
    expiresAt,
  };
}

export function refreshTokenFor(grant: Grant, hash: string, expiresAt = start + 86_400_000): RefreshToken {
  return { kind: 'refresh_token', hash: hash as SecretHash, grant, issuedAt: start, expiresAt };
}

/** Adds the client `client`, unless it is there. */
export async function addClient(database: DatabaseWithDialect, client: Client = clientNamed('client')): Promise<void> {
  const clients = new ClientStore({ database });
  if ((await clients.get(client.clientId)) === undefined) await clients.add(client);
}

/** Stores an approved grant with its code, and its client. */
export async function addCode(database: DatabaseWithDialect, code: AuthorizationCode): Promise<void> {
  await addClient(database, clientNamed(code.grant.clientId));
  await database.write(...storeCode(code, sql('1 = 1')));
}

/** How many rows a table has. */
export async function countOf(database: DatabaseWithDialect, table: string): Promise<number> {
  const [row] = await database.read(`SELECT count(*) AS n FROM ${table}`);
  return Number(row?.['n']);
}

/** The signing keys of a database, made where there are none. */
export async function openSigningKeys(
  database: Database,
  clock: Clock,
  options: Partial<SigningKeysOptions> & { readonly masterKey?: MasterKey } = {},
): Promise<SigningKeys> {
  const { masterKey = new MasterKey([new Uint8Array(32).fill(1)], systemRandom), ...settings } = options;
  await DerivedKeys.open(database, masterKey, clock, systemRandom);
  return SigningKeys.open({
    store: new SigningKeyStore(database, masterKey, systemRandom),
    clock,
    report: () => {},
    algorithm: 'EdDSA',
    publishAhead: 900_000,
    replaceAfter: 0,
    ...settings,
  });
}
