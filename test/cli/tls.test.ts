import { once } from 'node:events';
import { copyFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type ConnectionOptions, connect } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Certificate } from '../../src/operations/tls/certificate.ts';
import { fingerprintOf, readCertificate } from '../../src/operations/tls/certificate.ts';
import { CertificateWatch } from '../../src/operations/tls/certificate-watch.ts';
import { makeCertificate } from '../support/certificates.ts';
import { fixture, portcullisJson, type Serving, serving, temporaryDirectory } from './processes.ts';

/** The common name in the certificate that the server shows now. */
async function shownBy({ facts }: Serving, options: ConnectionOptions = {}): Promise<string | undefined> {
  const socket = connect({ host: '127.0.0.1', port: facts.port, rejectUnauthorized: false, ...options });
  try {
    await once(socket, 'secureConnect');
    return String(socket.getPeerCertificate().subject.CN);
  } finally {
    socket.destroy();
  }
}

async function untilShown(server: Serving, name: string): Promise<void> {
  while ((await shownBy(server)) !== name) await setTimeout(100);
}

/** A server with the certificate `first` in cert.pem and key.pem. */
async function servingTls(...flags: readonly string[]) {
  const directory = temporaryDirectory();
  const files = { certificateFile: join(directory, 'cert.pem'), keyFile: join(directory, 'key.pem') };
  const put = (name: string) => {
    const made = makeCertificate(directory, name);
    copyFileSync(made.certificateFile, files.certificateFile);
    copyFileSync(made.keyFile, files.keyFile);
    return made;
  };
  put('first');
  const tls = ['--tls-certificate', 'cert.pem', '--tls-key', 'key.pem'];
  const server = await serving(['--mcp', fixture('hello.ts'), ...tls, ...flags], { directory });
  return { server, put, directory, ...files };
}

function headersOf(port: number, ca: string): Promise<Record<string, string | string[] | undefined>> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/healthz', ca, servername: 'localhost', agent: false }, (answer) => {
      answer.resume();
      resolve({ status: String(answer.statusCode), ...answer.headers });
    }).on('error', reject);
  });
}

describe('portcullis serve with TLS', () => {
  test('speaks https, at a base URL that says so', async () => {
    const { server, directory } = await servingTls();
    expect(server.origin).toBe(`https://localhost:${server.facts.port}`);
    const { pem } = { pem: makeCertificate(directory, 'other').pem };
    await expect(headersOf(server.facts.port, pem)).rejects.toThrow();
    const own = readCertificate({
      certificateFile: join(directory, 'first.pem'),
      keyFile: join(directory, 'first.key'),
    });
    expect(await headersOf(server.facts.port, own.cert)).toMatchObject({ status: '200' });
  });

  test('tells browsers to remember it, but not on localhost', async () => {
    const local = await servingTls();
    const ca = readCertificate(local).cert;
    expect(await headersOf(local.server.facts.port, ca)).not.toHaveProperty('strict-transport-security');
    const open = await servingTls('--base-url', 'https://mcp.example.com');
    expect(await headersOf(open.server.facts.port, readCertificate(open).cert)).toMatchObject({
      'strict-transport-security': 'max-age=31536000',
    });
  });

  test('refuses TLS 1.1 and speaks 1.2 and 1.3', async () => {
    const { server } = await servingTls();
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(shownBy(server, old)).rejects.toThrow(/protocol version/i);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      expect(await shownBy(server, { minVersion: version, maxVersion: version })).toBe('first');
    }
  });

  test('takes a replaced certificate into use without a restart', async () => {
    const { server, put } = await servingTls();
    expect(await shownBy(server)).toBe('first');
    put('second');
    await untilShown(server, 'second');
    await server.logged('"tls.certificate_replaced"');
  });

  test('keeps the previous certificate where the new pair is broken, says so once, and recovers', async () => {
    const { server, put, keyFile } = await servingTls();
    writeFileSync(keyFile, 'not a key');
    await server.logged('the new TLS certificate cannot be used; the previous one stays');
    await setTimeout(5000);
    expect(await shownBy(server)).toBe('first');
    put('second');
    await untilShown(server, 'second');
    server.signal('SIGTERM');
    const { stderr } = await server.finished;
    expect(stderr.match(/cannot be used/g)).toHaveLength(1);
  });

  test('reads the files at once on SIGHUP', async () => {
    const { server, put } = await servingTls();
    put('second');
    server.signal('SIGHUP');
    await server.logged('"tls.certificate_replaced"');
    expect(await shownBy(server)).toBe('second');
  });
});

describe('the certificate files', () => {
  test('may be symbolic links that are turned to new files, in two steps', async () => {
    const directory = temporaryDirectory();
    const files = { certificateFile: join(directory, 'live.pem'), keyFile: join(directory, 'live.key') };
    const turn = (name: string, kind: 'pem' | 'key') => {
      symlinkSync(`${name}.${kind}`, join(directory, 'next'));
      renameSync(join(directory, 'next'), join(directory, `live.${kind}`));
    };
    const made = { first: makeCertificate(directory, 'first'), second: makeCertificate(directory, 'second') };
    turn('first', 'pem');
    turn('first', 'key');
    const replaced: Certificate[] = [];
    const broken: unknown[] = [];
    const watch = new CertificateWatch({
      files,
      known: fingerprintOf(files),
      onReplaced: (certificate) => replaced.push(certificate),
      onBroken: (error) => broken.push(error),
      interval: 200,
    });
    onTestFinished(() => watch.stop());
    await setTimeout(500);
    expect(replaced).toEqual([]);
    turn('second', 'pem');
    await setTimeout(100);
    turn('second', 'key');
    while (replaced.length === 0) await setTimeout(20);
    await setTimeout(500);
    expect(replaced.map(({ cert }) => cert)).toEqual([made.second.pem]);
    expect(broken).toEqual([]);
  });

  test('that do not belong together are named', () => {
    const directory = temporaryDirectory();
    const [a, b] = [makeCertificate(directory, 'a'), makeCertificate(directory, 'b')];
    expect(() => readCertificate({ certificateFile: a.certificateFile, keyFile: b.keyFile })).toThrow(
      `the TLS key ${b.keyFile} does not belong to the certificate ${a.certificateFile}`,
    );
    expect(() => readCertificate({ certificateFile: a.keyFile, keyFile: a.keyFile })).toThrow(
      /a\.key is not usable PEM/,
    );
    expect(readCertificate(a)).toMatchObject({ names: ['localhost', 'mcp.example.com', '127.0.0.1'] });
  });

  test('are checked by config check, which tells when they expire', async () => {
    const directory = temporaryDirectory();
    makeCertificate(directory, 'a');
    const answer = await portcullisJson(['config', 'check', '--tls-certificate', 'a.pem', '--tls-key', 'a.key'], {
      directory,
    });
    expect(Date.parse(String(answer['certificateExpiresAt'])) - Date.now()).toBeGreaterThan(29 * 86_400_000);
  });
});
