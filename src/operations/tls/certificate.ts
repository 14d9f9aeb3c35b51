import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigurationError } from '../../core/urls.ts';

/** The two PEM files of a certificate. */
export interface CertificateFiles {
  /** The server's certificate, then those that lead from it to a known authority. */
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** A certificate that fits its key. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The names that it is for. */
  readonly names: readonly string[];
}

/**
 * Reads a certificate and its key, and checks that they are a pair.
 * @throws ConfigurationError naming the file that is wrong
 */
export function readCertificate({ certificateFile, keyFile }: CertificateFiles): Certificate {
  const cert = readPem('certificate', certificateFile);
  const key = readPem('key', keyFile);
  const certificate = parsed(`the TLS certificate ${certificateFile}`, () => new X509Certificate(cert));
  const privateKey = parsed(`the TLS key ${keyFile}`, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new ConfigurationError(`the TLS key ${keyFile} does not belong to the certificate ${certificateFile}`);
  }
  parsed(`the TLS certificate ${certificateFile}`, () => createSecureContext({ cert, key }));
  const names = (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((name) => name !== '')
    .map((name) => name.replace(/^(DNS|IP Address):/, ''));
  return { cert, key, expiresAt: certificate.validToDate.getTime(), names };
}

/** Changes whenever one of the files does: their sizes, inodes and times of change. Missing ones count too. */
export function fingerprintOf({ certificateFile, keyFile }: CertificateFiles): string {
  return [certificateFile, keyFile]
    .map((path) => {
      const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
      return stat === undefined ? 'missing' : `${stat.ino}:${stat.size}:${stat.mtimeNs}`;
    })
    .join(' ');
}

function readPem(kind: 'certificate' | 'key', path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigurationError(
      `the TLS ${kind} ${path} cannot be read: ${(error as Error).message}; name a PEM file that this user may read in tls.${kind}File`,
    );
  }
}

function parsed<Value>(what: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw new ConfigurationError(
      `${what} is not usable PEM: ${(error as Error).message}; it must begin with a line -----BEGIN …-----`,
    );
  }
}
