import { generateKeyPairSync, randomInt, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const day = 86_400_000;

export interface TestCertificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly pem: string;
}

/**
 * Makes a certificate for localhost and mcp.example.com that signs itself, good for 30 days.
 * @param name of the two files, and in the subject
 */
export function makeCertificate(directory: string, name: string): TestCertificate {
  const certificateFile = join(directory, `${name}.pem`);
  const keyFile = join(directory, `${name}.key`);
  const { pem, key } = certificateFor(['localhost', 'mcp.example.com'], name);
  writeFileSync(certificateFile, pem);
  writeFileSync(keyFile, key);
  return { certificateFile, keyFile, pem };
}

/** The same for other hosts, in memory. Who trusts it as an authority trusts it alone. */
export function certificateFor(
  hosts: readonly string[],
  name = hosts[0] ?? '',
): { readonly pem: string; readonly key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const body = certificateBody(name, hosts, publicKey.export({ type: 'spki', format: 'der' }));
  const signature = der(0x03, Buffer.of(0), sign('sha256', body, privateKey));
  return {
    pem: pemOf('CERTIFICATE', sequence(body, ecdsaWithSha256, signature)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const ecdsaWithSha256 = sequence(objectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));

/** @see RFC 5280 §4.1 */
function certificateBody(name: string, hosts: readonly string[], publicKey: Uint8Array): Buffer {
  const version3 = der(0xa0, der(0x02, Buffer.of(2)));
  const serialNumber = der(0x02, Buffer.of(1, ...Array.from({ length: 8 }, () => randomInt(256))));
  const issuer = sequence(der(0x31, sequence(objectId(0x55, 0x04, 0x03), der(0x0c, Buffer.from(name)))));
  const validity = sequence(time(Date.now() - day), time(Date.now() + 30 * day));
  const names = hosts.map((host) => der(0x82, Buffer.from(host)));
  const alternativeNames = sequence(...names, der(0x87, Buffer.of(127, 0, 0, 1)));
  const extensions = der(0xa3, sequence(sequence(objectId(0x55, 0x1d, 0x11), der(0x04, alternativeNames))));
  return sequence(version3, serialNumber, ecdsaWithSha256, issuer, validity, issuer, publicKey, extensions);
}

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function sequence(...members: readonly Uint8Array[]): Buffer {
  return der(0x30, ...members);
}

function objectId(...encoded: readonly number[]): Buffer {
  return der(0x06, Buffer.from(encoded));
}

// RFC 5280 §4.1.2.5: two digits of the year until 2049.
function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(digits.slice(2)));
}

function pemOf(label: string, content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
