import type { ManualClock } from '../../../src/core/clock.ts';
import { EgressError } from '../../../src/core/egress/errors.ts';
import { hashSecret } from '../../../src/core/hash.ts';
import type { ClientId } from '../../../src/core/ids.ts';
import type { Client } from '../../../src/core/records.ts';
import type { KnownIssuer } from '../../../src/oauth/identity-assertion/trusted-issuers.ts';
import { deviceCodeGrant } from '../../../src/oauth/token/device-clients.ts';
import type { OAuthProvider } from '../../../src/provider.ts';
import type { DocumentHost } from '../../../src/testing/document-host.ts';
import { DpopTestKey } from '../../../src/testing/dpop-key.ts';
import {
  type Answer,
  createTestClient,
  formPost,
  type PreparedAuthorization,
  readAnswer,
  type StartedDevice,
  sendTo,
  TestClient,
} from '../../../src/testing/test-client.ts';
import { identityAssertionGrant } from '../../../src/testing/test-issuer.ts';
import {
  type ClientKind,
  clientKinds,
  type DocumentState,
  enterprise,
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
  /** Whether the user signed in on the way. */
  readonly signedIn: boolean;
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
  /** Takes a user's browser to the page for devices. */
  decideOnDevice(
    user: number,
    device: StartedDevice,
    decision: Decision,
  ): Promise<{ readonly decided: boolean; readonly signedIn: boolean }>;
  /** Where clients publish their documents, and issuers their keys. */
  readonly documents: DocumentHost;
  /** Somebody whom an issuer knows is this user. @returns whether they were nobody's before */
  link(user: number, issuer: string, subject: string): Promise<boolean>;
  unlink(issuer: string, subject: string): Promise<void>;
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
  readonly devices: StartedDevice[] = [];
  /** What the issuers asserted. */
  readonly assertions: string[] = [];
  /** Issuers that were ever trusted, by name. */
  readonly issuers = new Map<string, KnownIssuer>();
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
      { server: enterprise.name, scopes: enterprise.scopes, grantType: identityAssertionGrant },
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
    if (kind === 'of a document') return this.#publishNew();
    const { secret, refreshes, devices, scopes } = clientKinds[kind];
    this.clients.push(
      await createTestClient(this.world.provider, {
        authMethod: secret ? 'client_secret_post' : 'none',
        scope: scopes.join(' '),
        metadata: {
          client_name: `A client, ${kind}`,
          grant_types: [
            'authorization_code',
            ...(refreshes ? ['refresh_token'] : []),
            ...(devices ? [deviceCodeGrant] : []),
          ],
        },
      }),
    );
  }

  /** What the document of a client is from now on. */
  publish(clientId: string, state: DocumentState): void {
    const { documents } = this.world;
    const scope = state === 'for reading' ? 'read' : clientKinds['of a document'].scopes.join(' ');
    const grants = { grant_types: ['authorization_code', 'refresh_token', deviceCodeGrant] };
    switch (state) {
      case 'good':
      case 'for reading':
        documents.publish(clientId, { ...grants, scope });
        break;
      case 'elsewhere':
        documents.publish(clientId, { ...grants, scope, redirect_uris: ['http://localhost:9999/elsewhere'] });
        break;
      case 'gone':
        documents.withdraw(clientId);
        break;
      case 'down':
        documents.withdraw(clientId, new EgressError('unreachable', 'the host cannot be reached'));
        break;
      case 'refused':
        documents.withdraw(clientId, new EgressError('host_refused', 'this server does not connect there'));
        break;
    }
  }

  async #publishNew(): Promise<void> {
    const clientId = `https://app-${this.clients.length}.example.com/client.json`;
    this.publish(clientId, 'good');
    const redirectUri = 'http://localhost:9999/cb';
    this.clients.push(new TestClient(this.world.provider, { clientId, authMethod: 'none', redirectUri }));
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
  async passes(token: string, resource: ResourceName, key?: number): Promise<boolean> {
    return (await this.atGate(token, resource, { method: 'ping' }, key)) === undefined;
  }

  /** What the gate answers instead of letting a message pass. */
  async atGate(token: string, resource: ResourceName, message: object, key?: number): Promise<Response | undefined> {
    const { provider, clock } = this.world;
    const { uri } = resources[resource];
    const proof = this.#key(key)?.proof({ url: uri, now: clock.now(), accessToken: token });
    const headers: Record<string, string> =
      proof === undefined ? { authorization: `Bearer ${token}` } : { authorization: `DPoP ${token}`, dpop: proof };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, ...message });
    const name = resource === 'notes' ? 'default' : resource;
    return (await provider.authenticate(new Request(uri, { method: 'POST', headers, body }), { resource: name }))
      .response;
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
