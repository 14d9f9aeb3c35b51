import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addUser, portcullis, portcullisJson, temporaryDirectory } from './processes.ts';

interface ListedKey {
  readonly keyId: string;
  readonly state: string;
}

async function listed(directory: string): Promise<readonly ListedKey[]> {
  return ((await portcullisJson(['keys', 'list'], { directory })) as { keys: ListedKey[] }).keys;
}

async function directoryWithKeys(): Promise<string> {
  const directory = temporaryDirectory();
  await addUser('ada', directory);
  return directory;
}

test('signing keys are listed with their state, and never with a private half', async () => {
  const directory = await directoryWithKeys();
  await portcullisJson(['keys', 'rotate'], { directory });
  expect((await listed(directory)).map(({ state }) => state)).toEqual(['current', 'next']);
  const { stdout } = await portcullis(['keys', 'list'], { directory });
  expect(stdout).toMatch(/KEY ID +ALGORITHM +STATE +SIGNS FROM \(UTC\) +UNTIL \(UTC\)\n/);
  expect(stdout).toMatch(/Encrypted under master key [0-9a-f]{16}\.\n$/);
  await portcullisJson(['keys', 'rotate', '--now'], { directory });
  await portcullisJson(['keys', 'rotate', '--compromised'], { directory });
  expect((await listed(directory)).map(({ state }) => state)).toEqual(['current']);
  expect(await portcullis(['keys', 'rotate', '--now', '--compromised'], { directory })).toMatchObject({ code: 2 });
});

test('the master key is replaced in its file, and everything can be read with the new one alone', async () => {
  const directory = await directoryWithKeys();
  const file = join(directory, 'data', 'master.key');
  const before = readFileSync(file, 'utf8');
  const [keys, answer] = [await listed(directory), await portcullisJson(['keys', 'rotate-master'], { directory })];
  expect(answer).toMatchObject({ encryptedAgain: 2, resumed: false });
  const after = readFileSync(file, 'utf8');
  expect(after).toMatch(/^[\w-]{43}\n$/);
  expect(after).not.toBe(before);
  expect(await listed(directory)).toEqual(keys);
  writeFileSync(file, before);
  const { code, stderr } = await portcullis(['keys', 'list'], { directory });
  expect(code).toBe(2);
  expect(stderr).toContain('restore the right key file');
});

test('a replacement of the master key that was interrupted is finished by the next one', async () => {
  const directory = await directoryWithKeys();
  const file = join(directory, 'data', 'master.key');
  const fresh = Buffer.alloc(32, 5).toString('base64url');
  writeFileSync(file, `${fresh}\n${readFileSync(file, 'utf8')}`);
  expect(await portcullisJson(['keys', 'rotate-master'], { directory })).toMatchObject({
    encryptedAgain: 2,
    resumed: true,
  });
  expect(readFileSync(file, 'utf8')).toBe(`${fresh}\n`);
  await listed(directory);
});

test('a master key in the settings is replaced by hand, in two steps that the command explains', async () => {
  const [older, newer] = [Buffer.alloc(32, 1).toString('base64url'), Buffer.alloc(32, 2).toString('base64url')];
  const directory = temporaryDirectory();
  const withKey = (masterKey: string) => ({ directory, environment: { PORTCULLIS_MASTER_KEY: masterKey } });
  await portcullis(['user', 'add', 'ada', '--password-stdin'], {
    ...withKey(older),
    input: 'violet kettle harbour 9',
  });
  const refused = await portcullis(['keys', 'rotate-master'], withKey(older));
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('put a new key before the old one');
  const { stdout } = await portcullis(['keys', 'rotate-master'], withKey(`${newer} ${older}`));
  expect(stdout).toContain('Remove the old key from the settings now.');
  expect((await portcullis(['keys', 'list'], withKey(newer))).code).toBe(0);
  expect((await portcullis(['keys', 'list'], withKey(older))).code).toBe(2);
});
