import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addUser, portcullis, portcullisJson, temporaryDirectory } from './processes.ts';

const passphrase = 'seven quiet lanterns drift';

test('a backup is made with a key file, which is made too, and restored to an empty place [PITFALL-27]', async () => {
  const directory = temporaryDirectory();
  await addUser('ada', directory, '--role', 'admin');
  const made = await portcullisJson(['backup', 'a.backup', '--key-file', 'backup.key'], { directory });
  expect(made).toMatchObject({ verified: true, rows: { users: 1, clients: 0 } });
  expect(statSync(join(directory, 'backup.key')).mode & 0o777).toBe(0o600);
  const restore = ['restore', 'a.backup', '--key-file', 'backup.key', '--data', 'new'];
  expect(await portcullis(restore, { directory })).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
  const { code, stdout, stderr } = await portcullis([...restore, '--yes'], { directory });
  expect(stderr).toMatch(/The backup is of .+ UTC\.\n- Everybody signs in again: 1 user/);
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Restored 1 row to .+new epoch/) });
  for (const told of ['sign', 'Secrets of clients end', 'Access tokens end', 'are lost'])
    expect(stdout).toContain(told);
  const { users } = await portcullisJson(['user', 'list', '--data', 'new'], { directory });
  expect(users).toMatchObject([{ userName: 'ada', role: 'admin' }]);
  expect(readFileSync(join(directory, 'new', 'master.key'))).not.toEqual(
    readFileSync(join(directory, 'data', 'master.key')),
  );
});

test('what is in the database is replaced only when told, and what is known to be lost is named', async () => {
  const directory = temporaryDirectory();
  await addUser('ada', directory, '--role', 'admin');
  await addUser('mallory', directory);
  const withPassphrase = { directory, input: `${passphrase}\n` };
  await portcullisJson(['backup', 'a.backup', '--passphrase-stdin'], withPassphrase);
  await portcullisJson(['user', 'disable', 'mallory'], { directory });
  await addUser('later', directory);
  const restore = ['restore', 'a.backup', '--passphrase-stdin', '--yes'];
  const refused = await portcullis([...restore, '--json'], withPassphrase);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('"backup_not_empty"') });
  const { costs } = await portcullisJson([...restore, '--replace'], withPassphrase);
  expect(String(costs)).toContain('may be active afterwards: mallory.');
  expect(String(costs)).toContain('will be gone: later.');
  const { users } = await portcullisJson(['user', 'list'], { directory });
  expect(users).toMatchObject([{ userName: 'ada' }, { userName: 'mallory', status: 'active' }]);
});

test('the wrong key, no key, a short passphrase and a damaged file are told apart, and nothing is made', async () => {
  const directory = temporaryDirectory();
  await addUser('ada', directory);
  expect(await portcullis(['backup', 'x.backup'], { directory })).toMatchObject({ code: 2 });
  const short = await portcullis(['backup', 'x.backup', '--passphrase-stdin'], { directory, input: 'short\n' });
  expect(short).toMatchObject({ code: 2, stderr: expect.stringContaining('fewer than 16') });
  await portcullisJson(['backup', 'a.backup', '--key-file', 'backup.key'], { directory });
  const restore = (...flags: string[]) =>
    portcullis(['restore', 'a.backup', '--data', 'new', '--yes', ...flags], { directory, input: `${passphrase}\n` });
  expect((await restore('--key-file', 'none.key')).stderr).toContain('there is no key file none.key');
  expect((await restore('--passphrase-stdin')).stderr).toContain('encrypted with a key file');
  writeFileSync(join(directory, 'other.key'), `${Buffer.alloc(32, 9).toString('base64url')}\n`);
  expect(await restore('--key-file', 'other.key')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('not the key file that the backup was made with'),
  });
  const bytes = readFileSync(join(directory, 'a.backup'));
  writeFileSync(join(directory, 'a.backup'), bytes.subarray(0, -1));
  expect((await restore('--key-file', 'backup.key')).stderr).toContain('the backup is damaged');
  writeFileSync(join(directory, 'a.backup'), 'SQLite format 3');
  expect((await restore('--key-file', 'backup.key')).stderr).toContain('no Portcullis backup');
  rmSync(join(directory, 'a.backup'));
  expect((await restore('--key-file', 'backup.key')).stderr).toContain('cannot be read');
  expect(statSync(join(directory, 'new'), { throwIfNoEntry: false })).toBeUndefined();
});
