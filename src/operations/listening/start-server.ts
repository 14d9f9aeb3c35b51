import { createServer, type IncomingMessage, type RequestListener, type ServerOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { EventSink } from '../../core/events.ts';
import type { CertificateFiles } from '../tls/certificate.ts';
import { createTlsServer } from '../tls/server.ts';
import { gracefulClose } from './graceful-close.ts';
import { listen } from './listen.ts';

export interface StartServerOptions {
  /** Public URL of the server. */
  readonly baseUrl: string;
  readonly port: number;
  readonly host: string;
  readonly tls: CertificateFiles | undefined;
  /** How long requests in flight may take to finish, in milliseconds. */
  readonly shutdownTime: number;
  /** How long a client may take to send a whole request, in milliseconds. */
  readonly requestTime: number;
  readonly report: EventSink;
  readonly signal: AbortSignal | undefined;
}

export interface StartedServer {
  /** Where it listens. */
  readonly address: AddressInfo;
  /** Reads the TLS files now; without TLS nothing happens. */
  reloadCertificate(): void;
  /** Stops accepting and waits for requests in flight. */
  close(): Promise<void>;
}

/** How long a client may take to send the headers, at most: milliseconds. */
const headersTime = 15_000;

/** How long a client may take to close a connection that it wanted as a tunnel: milliseconds. */
const lingerTime = 1000;

/**
 * Starts an http or https server that gives up on slow senders, but on no slow answer.
 * @throws ListenError where it cannot listen; ConfigurationError where the TLS files are wrong
 */
export async function startServer(options: StartServerOptions, listener: RequestListener): Promise<StartedServer> {
  const { port, host, tls, shutdownTime, requestTime, signal } = options;
  const limits: ServerOptions = {
    headersTimeout: Math.min(headersTime, requestTime),
    requestTimeout: requestTime,
    // Longer than the usual 60 s of load balancers: it must be them who give an idle connection up.
    keepAliveTimeout: 65_000,
    connectionsCheckingInterval: 2000,
  };
  const secured =
    tls && createTlsServer({ ...tls, limits, baseUrl: options.baseUrl, ...reports(options.report) }, listener);
  const server = secured?.server ?? createServer(limits, listener);
  server.on('connect', refuseTunnel);
  const drain = gracefulClose(server);
  const address = await listen(server, port, host).catch((error: unknown) => {
    secured?.watch.stop();
    throw error;
  });
  const close = () => drain(shutdownTime);
  signal?.addEventListener('abort', () => void close(), { once: true });
  if (signal?.aborted === true) await close();
  return { address, reloadCertificate: () => secured?.watch.reload(), close };
}

// Without a listener Node closes the connection without a word. With one, the socket is nobody's any more: an error on it
// that nobody hears would end the process, and a client that does not close it would keep it.
function refuseTunnel(_req: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => socket.destroy()).resume();
  socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n\r\n');
  setTimeout(() => socket.destroy(), lingerTime).unref();
}

function reports(report: EventSink) {
  return {
    onReplaced: ({ expiresAt }: { readonly expiresAt: number }) =>
      report({ name: 'tls.certificate_replaced', reason: `valid until ${new Date(expiresAt).toISOString()}` }),
    onBroken: (error: unknown) =>
      report({ name: 'server.error', reason: 'the new TLS certificate cannot be used; the previous one stays', error }),
  };
}
