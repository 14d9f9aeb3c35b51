import type { RequestListener, ServerOptions } from 'node:http';
import { createServer, type Server } from 'node:https';
import { isLoopbackHost } from '../../core/urls.ts';
import { type Certificate, type CertificateFiles, fingerprintOf, readCertificate } from './certificate.ts';
import { CertificateWatch } from './certificate-watch.ts';

/** How long browsers remember to come back over https only: one year, in seconds. */
const remembered = 31_536_000;

export interface TlsServerOptions extends CertificateFiles {
  /** The public URL. On localhost browsers are not told to remember https: other servers there share the name. */
  readonly baseUrl: string;
  readonly limits: ServerOptions;
  readonly onReplaced: (certificate: Certificate) => void;
  readonly onBroken: (error: unknown) => void;
  /** Milliseconds between two looks at the files. Default: 2000. */
  readonly watchInterval?: number;
}

export interface TlsServer {
  readonly server: Server;
  /** Ends with the server. */
  readonly watch: CertificateWatch;
}

/**
 * An https server, TLS 1.2 and 1.3, that takes new certificates into use without a restart.
 * @throws ConfigurationError where the files are no certificate and key that belong together
 */
export function createTlsServer(options: TlsServerOptions, listener: RequestListener): TlsServer {
  const { baseUrl, limits, certificateFile, keyFile, onReplaced, onBroken } = options;
  const known = fingerprintOf(options);
  const { cert, key } = readCertificate(options);
  const isPublic = !isLoopbackHost(new URL(baseUrl).hostname);
  const server = createServer({ ...limits, cert, key, minVersion: 'TLSv1.2' }, (req, res) => {
    // RFC 6797 §7.1
    if (isPublic) res.setHeader('strict-transport-security', `max-age=${remembered}`);
    listener(req, res);
  });
  const watch = new CertificateWatch({
    files: { certificateFile, keyFile },
    known,
    onReplaced: (certificate) => {
      server.setSecureContext({ cert: certificate.cert, key: certificate.key, minVersion: 'TLSv1.2' });
      onReplaced(certificate);
    },
    onBroken,
    ...(options.watchInterval === undefined ? {} : { interval: options.watchInterval }),
  });
  server.once('close', () => watch.stop());
  return { server, watch };
}
