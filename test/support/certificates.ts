import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TestCertificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly pem: string;
}

/**
 * Makes a self-signed certificate for localhost with OpenSSL.
 * @param name of the two files, and in the subject
 * @throws Error where there is no `openssl` command
 */
export function makeCertificate(directory: string, name: string): TestCertificate {
  const certificateFile = join(directory, `${name}.pem`);
  const keyFile = join(directory, `${name}.key`);
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,DNS:mcp.example.com,IP:127.0.0.1'];
  const { status, error, stderr } = spawnSync(
    'openssl',
    [...words, ...subject, '-keyout', keyFile, '-out', certificateFile],
    { encoding: 'utf8' },
  );
  if (error !== undefined)
    throw new Error(`these tests make certificates with the openssl command, which cannot be run: ${error.message}`);
  if (status !== 0) throw new Error(`openssl ended with ${status}: ${stderr}`);
  return { certificateFile, keyFile, pem: readFileSync(certificateFile, 'utf8') };
}
