import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';

/** What happens to what clients send: `pass`; `stall`: nothing arrives any more; `cut`: the connection is lost, after the server got it. */
export type ProxyMode = 'pass' | 'stall' | 'cut';

/** Stands between a client and PostgreSQL. */
export interface PostgresProxy {
  /** The address of the database behind it. */
  readonly address: string;
  /** How often the client had to wait for the server: each is a round trip. */
  readonly roundTrips: number;
  readonly connections: number;
  mode: ProxyMode;
}

export interface ProxyOptions {
  /** Makes it speak TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Starts one for a test, before the database at an address. */
export async function startPostgresProxy(behind: string, options: ProxyOptions = {}): Promise<PostgresProxy> {
  const target = new URL(behind);
  const sockets = new Set<Socket>();
  const state = { mode: 'pass' as ProxyMode, roundTrips: 0, connections: 0 };
  const server = createServer(async (raw) => {
    state.connections += 1;
    sockets.add(raw);
    raw.on('error', () => {}).on('close', () => sockets.delete(raw));
    const client = options.tls === undefined ? raw : await secured(raw, options.tls);
    const upstream = connect(Number(target.port), target.hostname);
    sockets.add(upstream);
    upstream
      .on('error', () => {})
      .on('close', () => {
        sockets.delete(upstream);
        client.destroy();
      });
    let wasAsked = false;
    client.on('error', () => {}).on('close', () => upstream.destroy());
    client.on('data', (data: Buffer) => {
      if (state.mode === 'stall') return;
      wasAsked = true;
      upstream.write(data);
    });
    upstream.on('data', (data: Buffer) => {
      if (state.mode === 'cut') return void client.destroy();
      if (wasAsked) state.roundTrips += 1;
      wasAsked = false;
      client.write(data);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = new URL(behind);
  address.hostname = options.tls === undefined ? '127.0.0.1' : 'localhost';
  address.port = String((server.address() as AddressInfo).port);
  for (const [name, value] of Object.entries(options.parameters ?? {})) address.searchParams.set(name, value);
  return Object.defineProperties(state, { address: { value: address.href } }) as unknown as PostgresProxy;
}

/** Answers the request for TLS, and goes on in it. @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL */
async function secured(raw: Socket, { key, cert }: NonNullable<ProxyOptions['tls']>): Promise<Socket> {
  await new Promise((resolve) => raw.once('data', resolve));
  const socket = new TLSSocket(raw, { isServer: true, secureContext: createSecureContext({ key, cert }) });
  raw.write('S');
  return socket;
}
