import { onTestFinished } from 'vitest';
import type { DpopPolicy } from '../../src/core/dpop-policy.ts';
import { DpopTestKey, type ProofRequest } from '../../src/testing/dpop-key.ts';
import {
  type Parameters,
  Peer,
  type ProviderKind,
  type RegisteredClient,
  redirectUri,
  resource,
  type Tokens,
  tokensOf,
  verifier,
} from './support.ts';

export type ProofChanges = Partial<Omit<ProofRequest, 'now'>>;

/** A client that binds its tokens to a key, at a server of its own. */
export class DpopClient {
  readonly peer: Peer;
  readonly client: RegisteredClient;
  readonly key: DpopTestKey;

  constructor(peer: Peer, client: RegisteredClient, key = new DpopTestKey()) {
    this.peer = peer;
    this.client = client;
    this.key = key;
  }

  /** Starts a server, closes it with the test, and registers a client there. */
  static async start(
    { create }: ProviderKind,
    dpop: Partial<DpopPolicy> = {},
    metadata: Readonly<Record<string, unknown>> = {},
  ): Promise<DpopClient> {
    const running = await create({ environment: { dpop } });
    onTestFinished(() => running.close());
    const peer = new Peer(running);
    return new DpopClient(peer, await peer.register(metadata));
  }

  /** The same client with another key. */
  with(key: DpopTestKey): DpopClient {
    return new DpopClient(this.peer, this.client, key);
  }

  get now(): number {
    return this.peer.running.clock.now();
  }

  tokenProof(changes: ProofChanges = {}): string {
    return this.key.proof({ url: this.peer.provider.endpointUrl('token'), now: this.now, ...changes });
  }

  resourceProof(accessToken: string, changes: ProofChanges = {}): string {
    return this.key.proof({ url: resource, now: this.now, accessToken, ...changes });
  }

  redemption(code: string, proof = this.tokenProof()): Promise<Response> {
    const grant = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier };
    return this.peer.token(this.client, grant, proofHeader(proof));
  }

  /** @param proof `null` sends none */
  refresh(refreshToken: string, proof: string | null = this.tokenProof()): Promise<Response> {
    const grant = { grant_type: 'refresh_token', refresh_token: refreshToken };
    return this.peer.token(this.client, grant, proofHeader(proof ?? undefined));
  }

  code(changes: Parameters = {}): Promise<string> {
    return this.peer.code(this.client, changes);
  }

  async tokens(changes: Parameters = {}): Promise<Tokens> {
    return tokensOf(await this.redemption(await this.code(changes)));
  }

  /** The MCP endpoint's answer to a token and a proof, or `null` for none; `undefined` where the request may pass. */
  async call(accessToken: string, proof: string | null = this.resourceProof(accessToken), scheme = 'DPoP') {
    const headers = { authorization: `${scheme} ${accessToken}`, ...proofHeader(proof ?? undefined) };
    return (await this.peer.mcp(headers)).response;
  }

  /** The status of such a request; 200 where it may pass. */
  async status(accessToken: string, proof?: string | null, scheme?: string): Promise<number> {
    return (await this.call(accessToken, proof, scheme))?.status ?? 200;
  }
}

function proofHeader(proof: string | undefined): Record<string, string> {
  return proof === undefined ? {} : { dpop: proof };
}

/** The parameters of a response's challenge for one scheme; `undefined` where it has none. */
export function challengeOf(response: Response | undefined, scheme: 'Bearer' | 'DPoP') {
  const header = response?.headers.get('www-authenticate') ?? '';
  const [, text] = new RegExp(`(?:^|, )${scheme} ((?:[a-z_]+="[^"]*"(?:, )?)+)`).exec(header) ?? [];
  if (text === undefined) return undefined;
  return Object.fromEntries(
    [...text.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
}
