import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemRandom } from '../../core/random.ts';
import { type BackupSecret, ContainerWriter, methodOf, openContainer } from './container.ts';

const secret: BackupSecret = { kind: 'key file', key: new Uint8Array(32).fill(7) };
const header = 84;
const sealedChunk = 65_536 + 16;

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'portcullis-container-'));
  path = join(directory, 'a.backup');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function written(pieces: readonly string[], under: BackupSecret = secret): Promise<Buffer> {
  const file = await open(path, 'w+');
  const writer = await ContainerWriter.begin(file, under, systemRandom);
  for (const piece of pieces) await writer.write(piece);
  await writer.finish();
  expect((await file.stat()).size).toBe(writer.size);
  await file.close();
  return readFileSync(path);
}

async function read(bytes: Uint8Array, under: BackupSecret = secret): Promise<string> {
  writeFileSync(path, bytes);
  const file = await open(path, 'r');
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of openContainer(file, under)) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  } finally {
    await file.close();
  }
}

const long = 'abcdefg\n'.repeat(25_000);

test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 131_073])('%i bytes come back as they were', async (length) => {
  const text = 'x'.repeat(length);
  expect(await read(await written([text.slice(0, 100), text.slice(100)]))).toBe(text);
});

test('nothing of the content can be read in the file, and no two files are alike', async () => {
  const first = await written([long]);
  expect(first.includes('abcdefg')).toBe(false);
  expect((await written([long])).subarray(header, header + 64)).not.toEqual(first.subarray(header, header + 64));
});

test('another key, another passphrase and another way are told from damage', async () => {
  const bytes = await written([long]);
  await expect(read(bytes, { kind: 'key file', key: new Uint8Array(32) })).rejects.toMatchObject({ code: 'wrong_key' });
  await expect(read(bytes, { kind: 'passphrase', passphrase: 'x' })).rejects.toMatchObject({ code: 'wrong_key' });
  const other = await written(['content'], { kind: 'passphrase', passphrase: 'a long passphrase' });
  expect(await read(other, { kind: 'passphrase', passphrase: 'a long passphrase' })).toBe('content');
  await expect(read(other, { kind: 'passphrase', passphrase: 'A long passphrase' })).rejects.toThrow(
    'not the passphrase',
  );
  const file = await open(path, 'r');
  expect(await methodOf(file)).toBe('passphrase');
  await file.close();
}, 30_000);

test('a file that was cut off anywhere, or continued, is damaged', async () => {
  const bytes = await written([long]);
  const ends = [
    header,
    header + 1,
    header + sealedChunk,
    header + 2 * sealedChunk,
    bytes.length - 17,
    bytes.length - 1,
  ];
  for (const end of ends)
    await expect(read(bytes.subarray(0, end)), `${end}`).rejects.toMatchObject({ code: 'damaged' });
  await expect(read(Buffer.concat([bytes, Buffer.alloc(1)]))).rejects.toMatchObject({ code: 'damaged' });
  await expect(read(Buffer.concat([bytes, bytes.subarray(-16)]))).rejects.toMatchObject({ code: 'damaged' });
});

test('chunks that were swapped, repeated, left out or taken from another file are refused', async () => {
  const bytes = await written([long]);
  const chunk = (of: Buffer, n: number) => of.subarray(header + n * sealedChunk, header + (n + 1) * sealedChunk);
  const rest = bytes.subarray(header + 2 * sealedChunk);
  const begin = bytes.subarray(0, header);
  const other = await written([long]);
  const forgeries = [
    [begin, chunk(bytes, 1), chunk(bytes, 0), rest],
    [begin, chunk(bytes, 0), chunk(bytes, 0), rest],
    [begin, chunk(bytes, 1), rest],
    [begin, chunk(bytes, 0), rest],
    [begin, chunk(other, 0), chunk(bytes, 1), rest],
    [begin, rest],
  ];
  for (const forgery of forgeries)
    await expect(read(Buffer.concat(forgery))).rejects.toMatchObject({ code: 'damaged' });
});

test('one bit that differs, wherever it is, is noticed', async () => {
  const bytes = await written([long]);
  const places = [0, 17, 18, 19, 20, 51, 52, 83, header, header + 65_536, header + sealedChunk + 5, bytes.length - 1];
  for (const place of places) {
    const changed = Buffer.from(bytes);
    changed[place] = (changed[place] ?? 0) ^ 1;
    await expect(read(changed), `byte ${place}`).rejects.toMatchObject({ name: 'BackupError' });
  }
  expect(await read(bytes)).toBe(long);
});
