import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { ManualClock } from '../../src/core/clock.ts';
import { createFetcher, type EgressSettings } from '../../src/core/egress/create.ts';
import { EgressError } from '../../src/core/egress/errors.ts';
import type { Fetcher } from '../../src/core/egress/fetcher.ts';
import type { PrivateHost } from '../../src/core/egress/policy.ts';
import type { Resolver } from '../../src/core/egress/resolve.ts';
import type { SecurityEvent } from '../../src/core/events.ts';
import { certificateFor } from './certificates.ts';

/** A host that the server under test may fetch from: it listens on loopback and is excepted, with its own authority. */
export interface OutsideHost {
  /** `https://` and the host name with its port. */
  readonly origin: string;
  readonly port: number;
  /** For `egress.privateHosts`. */
  readonly exception: PrivateHost;
  /** Knows this host at 127.0.0.1, and no other. */
  readonly resolver: Resolver;
  /** The paths that were asked for. */
  readonly asked: readonly string[];
  /** Connections until now. */
  connections(): number;
  close(): Promise<void>;
}

export interface OutsideHostOptions {
  /** Names in the certificate. Default: the host's own. */
  readonly certificateNames?: readonly string[];
  /** Default: 127.0.0.1 */
  readonly address?: string;
}

/**
 * Starts an https server as a host with this name.
 * @param listener answers its requests
 */
export function startOutsideHost(
  name: string,
  listener: RequestListener,
  options: OutsideHostOptions = {},
): Promise<OutsideHost> {
  const { pem, key } = certificateFor(options.certificateNames ?? [name]);
  const asked: string[] = [];
  const server = createServer({ cert: pem, key }, (request, response) => {
    asked.push(request.url ?? '');
    listener(request, response);
  });
  return listening(name, server, pem, asked, options.address);
}

/** The same for a host that speaks whatever it likes once the connection is encrypted. */
export function startRawOutsideHost(name: string, onConnection: (socket: TLSSocket) => void): Promise<OutsideHost> {
  const { pem, key } = certificateFor([name]);
  const server = createTlsServer({ cert: pem, key }, (socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  return listening(name, server, pem, [], undefined);
}

async function listening(
  name: string,
  server: Server,
  ca: string,
  asked: readonly string[],
  address = '127.0.0.1',
): Promise<OutsideHost> {
  const open = new Set<{ destroy(): void }>();
  let connections = 0;
  server.on('connection', (socket) => {
    connections += 1;
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
  });
  server.listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `https://${name}:${port}`,
    port,
    exception: { host: `${name}:${port}`, ca },
    resolver: async (host) => (host === name ? [address] : []),
    asked,
    connections: () => connections,
    close: async () => {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** Answers every request with this JSON. */
export function answerJson(
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
  type = 'application/json',
): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': type, ...headers }).end(JSON.stringify(value));
  };
}

export interface FetcherUnderTest {
  readonly fetcher: Fetcher;
  readonly events: SecurityEvent[];
  readonly clock: ManualClock;
}

/** The fetcher of a provider with these settings, its events, and the clock that it goes by. */
export function fetcherWith(settings: EgressSettings, resolver?: Resolver): FetcherUnderTest {
  const events: SecurityEvent[] = [];
  const clock = new ManualClock();
  const fetcher = createFetcher(settings, { clock, report: (event) => events.push(event), resolver });
  if (fetcher === undefined) throw new Error('egress is off');
  return { fetcher, events, clock };
}

/** The error that a fetch ends with. */
export async function egressErrorOf(fetching: Promise<unknown>): Promise<EgressError> {
  try {
    await fetching;
  } catch (error) {
    if (error instanceof EgressError) return error;
    throw error;
  }
  throw new Error('it was fetched');
}
