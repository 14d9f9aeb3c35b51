import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../core/random.ts';
import { ConfigurationError } from '../../core/urls.ts';
import { MasterKey, masterKeyIdOf, parseMasterKey } from './master-key.ts';
import { readOrCreateMasterKey, writeKeyFile } from './master-key-file.ts';

const key = new MasterKey([new Uint8Array(32).fill(7)], systemRandom);
const secret = Buffer.from('a private key');

describe('MasterKey', () => {
  it('opens what it encrypted, of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (plaintext, purpose) => {
        expect(Buffer.from(key.decrypt(key.encrypt(plaintext, purpose), purpose))).toEqual(Buffer.from(plaintext));
      }),
    );
  });

  it('never encrypts alike twice, and shows nothing of the text', () => {
    const envelopes = new Set(Array.from({ length: 50 }, () => key.encrypt(secret, 'p')));
    expect(envelopes.size).toBe(50);
    for (const envelope of envelopes)
      expect(Buffer.from(envelope.split('.')[3] ?? '', 'base64url').includes(secret)).toBe(false);
  });

  it('names both keys where the text was encrypted under another one', () => {
    const other = new MasterKey([new Uint8Array(32).fill(8)], systemRandom);
    expect(() => other.decrypt(key.encrypt(secret, 'p'), 'p')).toThrow(new RegExp(`${key.id}.*${other.id}`));
    expect(() => other.decrypt(key.encrypt(secret, 'p'), 'p')).toThrow(ConfigurationError);
  });

  it('does not open for another purpose', () => {
    const envelope = key.encrypt(secret, 'signing key a');
    for (const purpose of ['signing key b', 'signing key a ', '', 'Signing key a'])
      expect(() => key.decrypt(envelope, purpose)).toThrow(ConfigurationError);
  });

  it('refuses a text that was changed anywhere, cut short or lengthened, as damaged', () => {
    const [version, id, nonce, sealed] = key.encrypt(secret, 'p').split('.') as [string, string, string, string];
    const bytes = Buffer.from(sealed, 'base64url');
    const flipped = Array.from(bytes, (_, index) =>
      Buffer.from(bytes.map((byte, at) => (at === index ? byte ^ 1 : byte))),
    );
    const shortened = Array.from(bytes, (_, length) => bytes.subarray(0, length));
    for (const changed of [...flipped, ...shortened, Buffer.concat([bytes, Buffer.of(0)])]) {
      expect(() => key.decrypt(`${version}.${id}.${nonce}.${changed.toString('base64url')}`, 'p')).toThrow(
        ConfigurationError,
      );
    }
    const envelopes = [
      `v2.${id}.${nonce}.${sealed}`,
      `${version}.${id}..${sealed}`,
      `${version}.${id}.AAAA.${sealed}`,
      `${version}.${id}.${nonce}`,
      `${version}.${id}.${nonce}.`,
      `${version}.${id}.${nonce}.${sealed}.x`,
      '',
      'x',
    ];
    for (const envelope of envelopes) expect(() => key.decrypt(envelope, 'p'), envelope).toThrow(ConfigurationError);
  });

  it('does not accept a shortened authentication tag', () => {
    const [version, id, nonce, sealed] = key.encrypt(new Uint8Array(0), 'p').split('.');
    const tag = Buffer.from(sealed ?? '', 'base64url');
    for (const length of [4, 8, 12, 13, 14, 15]) {
      const truncated = tag.subarray(0, length).toString('base64url');
      expect(() => key.decrypt(`${version}.${id}.${nonce}.${truncated}`, 'p')).toThrow(ConfigurationError);
    }
  });

  it('reads under any of its keys, and encrypts under the first', () => {
    const [older, newer] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)];
    const both = new MasterKey([newer, older], systemRandom);
    expect(Buffer.from(both.decrypt(key.encrypt(secret, 'p'), 'p'))).toEqual(secret);
    expect(masterKeyIdOf(both.encrypt(secret, 'p'))).toBe(new MasterKey([newer], systemRandom).id);
  });

  it('looks where it came from for a key that it does not know', () => {
    let there = [new Uint8Array(32).fill(7)];
    const following = new MasterKey(there, systemRandom, () => there);
    there = [new Uint8Array(32).fill(8)];
    const other = new MasterKey(there, systemRandom);
    expect(Buffer.from(following.decrypt(other.encrypt(secret, 'p'), 'p'))).toEqual(secret);
    expect(following.id).toBe(other.id);
  });

  it('is 32 bytes and nothing else, and its id tells nothing of it', () => {
    for (const length of [0, 16, 31, 33])
      expect(() => new MasterKey([new Uint8Array(length)], systemRandom)).toThrow(ConfigurationError);
    expect(key.id).toMatch(/^[0-9a-f]{16}$/);
    for (const text of ['', 'short', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}=`, `${'A'.repeat(42)}+`]) {
      expect(() => parseMasterKey(text, systemRandom), text).toThrow(/43 base64url characters/);
    }
    expect(parseMasterKey(` ${'A'.repeat(43)}\n`, systemRandom).id).toBe(
      new MasterKey([new Uint8Array(32)], systemRandom).id,
    );
  });

  it('keeps the key itself out of its own description', () => {
    const text = Buffer.alloc(32, 7).toString('base64url');
    expect(`${JSON.stringify(key)} ${Object.values(key).join(' ')}`).not.toContain(text);
  });
});

describe('the key file', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'portcullis-key-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('is made at the first start, for its owner alone, in a directory for its owner alone', () => {
    const path = join(directory, 'data', 'master.key');
    const made = readOrCreateMasterKey(path, systemRandom);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'data')).mode & 0o777).toBe(0o700);
    expect(readFileSync(path, 'utf8')).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
    expect(readdirSync(join(directory, 'data'))).toEqual(['master.key']);
    expect(readOrCreateMasterKey(path, systemRandom).id).toBe(made.id);
  });

  it('is replaced complete or not at all, and read again by those who hold it', () => {
    const path = join(directory, 'master.key');
    const held = readOrCreateMasterKey(path, systemRandom);
    const keys = [new Uint8Array(32).fill(9), ...held.keys];
    writeKeyFile(path, keys, systemRandom);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['master.key']);
    held.reread();
    expect(held.keys.map((bytes) => Buffer.from(bytes))).toEqual(keys.map((bytes) => Buffer.from(bytes)));
    expect(() => writeKeyFile(join(directory, 'none', 'key'), keys, systemRandom)).toThrow(ConfigurationError);
  });

  it('that holds something else is refused and left alone', () => {
    const path = join(directory, 'master.key');
    for (const content of ['', 'not a key\n']) {
      writeFileSync(path, content);
      expect(() => readOrCreateMasterKey(path, systemRandom)).toThrow(new RegExp(`${path}.*43 base64url`, 's'));
      expect(readFileSync(path, 'utf8')).toBe(content);
    }
  });

  it('is the same for any number of processes that start at the same moment', async () => {
    const path = join(directory, 'master.key');
    const module = fileURLToPath(new URL('./master-key-file.ts', import.meta.url));
    const random = fileURLToPath(new URL('../../core/random.ts', import.meta.url));
    // Each process makes and reads the file of its round as soon as the round's start has come, so that they meet.
    const script = `
      import { readOrCreateMasterKey } from ${JSON.stringify(module)};
      import { systemRandom } from ${JSON.stringify(random)};
      const ids = [];
      const start = Number(process.argv[1]);
      for (let round = 0; round < 100; round += 1) {
        while (Date.now() < start + round * 5) {}
        ids.push(readOrCreateMasterKey(${JSON.stringify(path)} + round, systemRandom).id);
      }
      console.log(ids.join());`;
    const start = Date.now() + 1500;
    const outputs = await Promise.all(
      Array.from({ length: 4 }, () => outputOf(['--input-type=module-typescript', '-e', script, String(start)])),
    );
    expect(outputs[0]?.split(',')).toHaveLength(100);
    expect(new Set(outputs).size).toBe(1);
  });
});

async function outputOf(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  await once(child, 'close');
  return chunks.join('').trim();
}
