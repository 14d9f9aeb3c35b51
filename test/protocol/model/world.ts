import type { ManualClock } from '../../../src/core/clock.ts';
import { hashSecret } from '../../../src/core/hash.ts';
import type { ClientId } from '../../../src/core/ids.ts';
import type { Client } from '../../../src/core/records.ts';
import type { OAuthProvider } from '../../../src/provider.ts';
import { DpopTestKey } from '../../../src/testing/dpop-key.ts';
import {
  type Answer,
  createTestClient,
  formPost,
  type PreparedAuthorization,
  readAnswer,
  sendTo,
  type TestClient,
} from '../../../src/testing/test-client.ts';
import {
  type ClientKind,
  clientKinds,
  exchanges,
  type Freedoms,
  machine,
  type ResourceName,
  resources,
  type ServerName,
} from './rules.ts';

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** What the user does at a consent page: `only` one of the scopes is left ticked. */
export type Decision = 'allow' | 'deny' | { readonly only: string };

/** Where an approved authorization request ended; `asked`: a user decided on it, now and for this request. */
export interface Arrival {
  readonly asked: boolean;
  /** `undefined`: an error came back, or the user never got as far. */
  readonly redirect: URL | undefined;
}

/** One provider under test, with what differs between kinds of providers. */
export interface World {
  readonly provider: OAuthProvider;
  readonly clock: ManualClock;
  readonly freedoms: Freedoms;
  /** Whether it has users of its own who can be disabled and deleted, and clients that can be deleted. */
  readonly isAdministered: boolean;
  /** As an administrator adds one. */
  addClient(client: Client): Promise<void>;
  addUser(): Promise<void>;
  /** Takes a user's browser from the authorization request to where it ends. */
  decide(user: number, url: URL, decision: Decision): Promise<Arrival>;
  setUser(user: number, state: 'active' | 'disabled' | 'deleted'): Promise<void>;
  deleteClient(clientId: ClientId): Promise<void>;
  /** The user takes the access of the client back that this token belongs to. */
  withdraw(accessToken: string): Promise<void>;
  rotateKeys(kind: KeyRotation): Promise<void>;
  /** Removes what has lapsed, as the background job does. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

export type KeyRotation = 'ahead' | 'at once' | 'old ones are compromised';
export type CreateWorld = () => Promise<World>;

// Of every client: whose they are is not what they are for.
const keys = [new DpopTestKey(), new DpopTestKey()];

/** A code as its client got it. */
export interface HeldCode {
  readonly code: string;
  readonly prepared: PreparedAuthorization;
}

/** Everybody who takes part, with the secrets that they hold: in the order of the reference's lists. */
export class Cast {
  readonly world: World;
  readonly clients: TestClient[] = [];
  readonly codes: HeldCode[] = [];
  readonly refreshTokens: string[] = [];
  readonly accessTokens: string[] = [];
  /** Access and refresh tokens that somebody got while their grant was being ended: dead, whoever was first. */
  readonly strays: string[] = [];

  constructor(world: World) {
    this.world = world;
  }

  /** The servers that exchange and introspect tokens, and the machine, as an administrator adds them. */
  async addServers(): Promise<void> {
    const servers = [
      ...exchanges.map(({ server, to }) => ({ server, scopes: resources[to].scopes, grantType: exchangeGrant })),
      { server: machine.name, scopes: machine.scopes, grantType: 'client_credentials' },
    ];
    for (const { server, scopes, grantType } of servers) {
      const client: Client = {
        clientId: idOf(server),
        clientSecretHash: hashSecret(secretOf(server)),
        tokenEndpointAuthMethod: 'client_secret_post',
        redirectUris: [],
        grantTypes: [grantType],
        responseTypes: [],
        scopes,
        registeredBy: 'administrator',
        issuedAt: this.world.clock.now(),
      };
      await this.world.addClient(client);
    }
  }

  async register(kind: ClientKind): Promise<void> {
    const { secret, refreshes, scopes } = clientKinds[kind];
    this.clients.push(
      await createTestClient(this.world.provider, {
        authMethod: secret ? 'client_secret_post' : 'none',
        scope: scopes.join(' '),
        metadata: {
          client_name: `A client, ${kind}`,
          grant_types: ['authorization_code', ...(refreshes ? ['refresh_token'] : [])],
        },
      }),
    );
  }

  /** A proof for the token endpoint with one of the keys, as a header. */
  proof(key: number | undefined): Record<string, string> {
    const { provider, clock } = this.world;
    const proof = this.#key(key)?.proof({ url: provider.endpointUrl('token'), now: clock.now() });
    return proof === undefined ? {} : { dpop: proof };
  }

  thumbprint(key: number | undefined): string | undefined {
    return this.#key(key)?.thumbprint;
  }

  asServer(
    server: ServerName,
    endpoint: 'token' | 'revoke' | 'introspect',
    parameters: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const { provider } = this.world;
    const credentials = { client_id: server, client_secret: secretOf(server) };
    const request = formPost(provider.endpointUrl(endpoint), { ...credentials, ...parameters }, headers);
    return sendTo(provider)(request).then(readAnswer);
  }

  exchange(server: ServerName, subject: string, to: string, scopes: readonly string[] | undefined, key?: number) {
    const parameters = {
      grant_type: exchangeGrant,
      subject_token: subject,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource: to,
      ...(scopes === undefined ? {} : { scope: scopes.join(' ') }),
    };
    return this.asServer(server, 'token', parameters, this.proof(key));
  }

  /** Whether the gate lets a request with this token pass. @param key that a proof is made with; none: as a bearer token */
  async passes(token: string, resource: ResourceName, uri: string, key?: number): Promise<boolean> {
    const { provider, clock } = this.world;
    const proof = this.#key(key)?.proof({ url: uri, now: clock.now(), accessToken: token });
    const headers: Record<string, string> =
      proof === undefined ? { authorization: `Bearer ${token}` } : { authorization: `DPoP ${token}`, dpop: proof };
    const request = new Request(uri, { method: 'POST', headers, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' });
    const name = resource === 'notes' ? 'default' : resource;
    return (await provider.authenticate(request, { resource: name })).response === undefined;
  }

  #key(key: number | undefined): DpopTestKey | undefined {
    return key === undefined ? undefined : keys[key];
  }
}

export function idOf(server: string): ClientId {
  return server as ClientId;
}

function secretOf(server: ServerName): string {
  return `secret of ${server}`;
}
