import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { UnauthorizedError as UnauthorizedErrorV1 } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ClientState } from './client-state.ts';

/** An official MCP client, driven without a person. */
export interface Peer {
  readonly state: ClientState;
  /** @returns whether it is connected; if not, the user has been sent to the authorization endpoint */
  connect(): Promise<boolean>;
  finish(callback: URL): Promise<void>;
  toolNames(): Promise<string[]>;
  /** @returns the tool's text, or `undefined` where the user has been sent to the authorization endpoint instead */
  call(tool: string, input?: Record<string, unknown>): Promise<string | undefined>;
  close(): Promise<void>;
}

export interface PeerKind {
  readonly name: string;
  readonly era: 'modern' | 'legacy';
  /** Whether it asks the user for the missing scope. SDK 1.x refreshes instead, which gains nothing, and gives up. */
  readonly stepsUp: boolean;
  create(url: string): Peer;
}

export const peerKinds: readonly PeerKind[] = [
  {
    name: '@modelcontextprotocol/client 2.x, revision 2026-07-28',
    era: 'modern',
    stepsUp: true,
    create: (url) => currentPeer(url, { mode: { pin: '2026-07-28' } }),
  },
  {
    name: '@modelcontextprotocol/client 2.x, revision 2025-11-25',
    era: 'legacy',
    stepsUp: true,
    create: (url) => currentPeer(url, { mode: 'legacy' }),
  },
  { name: '@modelcontextprotocol/sdk 1.x', era: 'legacy', stepsUp: false, create: sdk1Peer },
];

function currentPeer(url: string, versionNegotiation: { mode: 'legacy' | { pin: string } }): Peer {
  const state = new ClientState();
  const open = () => new StreamableHTTPClientTransport(new URL(url), { authProvider: state });
  let client = new Client({ name: 'test', version: '1' }, { versionNegotiation });
  let transport = open();
  return {
    state,
    async connect() {
      await client.close();
      client = new Client({ name: 'test', version: '1' }, { versionNegotiation });
      transport = open();
      return (await orUnauthorized(client.connect(transport).then(() => true))) === true;
    },
    finish: (callback) => transport.finishAuth(state.receive(callback)),
    toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, input = {}) => textOf(await orUnauthorized(client.callTool({ name, arguments: input }))),
    close: () => client.close(),
  };
}

function sdk1Peer(url: string): Peer {
  const state = new ClientState();
  const open = () => new TransportV1(new URL(url), { authProvider: state });
  let client = new ClientV1({ name: 'test', version: '1' });
  let transport = open();
  return {
    state,
    async connect() {
      await client.close();
      client = new ClientV1({ name: 'test', version: '1' });
      transport = open();
      return (
        (await orUnauthorized(client.connect(transport as Parameters<ClientV1['connect']>[0]).then(() => true))) ===
        true
      );
    },
    finish: (callback) => transport.finishAuth(state.receive(callback).get('code') ?? ''),
    toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, input = {}) => textOf(await orUnauthorized(client.callTool({ name, arguments: input }))),
    close: () => client.close(),
  };
}

async function orUnauthorized<Value>(outcome: Promise<Value>): Promise<Value | undefined> {
  try {
    return await outcome;
  } catch (error) {
    if (error instanceof UnauthorizedError || error instanceof UnauthorizedErrorV1) return undefined;
    throw error;
  }
}

function textOf(result: unknown): string | undefined {
  if (result === undefined) return undefined;
  const { content } = result as { content: readonly { text?: string }[] };
  return content.map(({ text }) => text ?? '').join('\n');
}
