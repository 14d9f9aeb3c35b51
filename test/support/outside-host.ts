import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { PrivateHost } from '../../src/core/egress/policy.ts';
import type { Resolver } from '../../src/core/egress/resolve.ts';
import { certificateFor } from './certificates.ts';

/** A host that the server under test may fetch from: it listens on loopback and is excepted, with its own authority. */
export interface OutsideHost {
  /** `https://` and the host name with its port. */
  readonly origin: string;
  /** For `egress.privateHosts`. */
  readonly exception: PrivateHost;
  /** Knows this host at 127.0.0.1, and no other. */
  readonly resolver: Resolver;
  /** The paths that were asked for. */
  readonly asked: readonly string[];
  readonly server: Server;
  close(): Promise<void>;
}

/**
 * Starts an https server as a host with this name.
 * @param listener answers its requests
 */
export async function startOutsideHost(name: string, listener: RequestListener): Promise<OutsideHost> {
  const { pem, key } = certificateFor([name]);
  const asked: string[] = [];
  const server = createServer({ cert: pem, key }, (request, response) => {
    asked.push(request.url ?? '');
    listener(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `https://${name}:${port}`,
    exception: { host: `${name}:${port}`, ca: pem },
    resolver: async (host) => (host === name ? ['127.0.0.1'] : []),
    asked,
    server,
    close: async () => {
      server.close();
      server.closeAllConnections();
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
