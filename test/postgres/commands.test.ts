import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import { portcullis, portcullisJson } from '../cli/processes.ts';
import { testLimits } from '../support/portcullis-harness.ts';
import { newPostgresDatabase } from '../support/postgres-lease.ts';

async function deployment() {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-commands-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const url = new URL(await newPostgresDatabase());
  url.password = 'hunter2';
  const environment = { PORTCULLIS_DATABASE: url.href, PORTCULLIS_MASTER_KEY_FILE: join(directory, 'master.key') };
  return { directory, environment };
}

test('a database in PostgreSQL is made, described and administered by the same commands, and its password is not shown', async () => {
  const on = await deployment();
  expect(await portcullisJson(['db', 'status'], on)).toMatchObject({ state: 'pending', version: null, applied: [] });
  await portcullisJson(['db', 'migrate'], on);
  expect(await portcullisJson(['db', 'status'], on)).toMatchObject({ state: 'current', version: 1 });
  const { PORTCULLIS_DATABASE: database, PORTCULLIS_MASTER_KEY_FILE: masterKeyFile } = on.environment;
  const server = await Portcullis.open({ ...testLimits, database, masterKeyFile });
  onTestFinished(() => server.close());
  expect((await portcullisJson(['keys', 'list'], on))['keys']).toHaveLength(1);
  for (const words of [
    ['db', 'status'],
    ['db', 'migrate'],
    ['config', 'show'],
    ['config', 'check'],
  ]) {
    for (const json of [[], ['--json']]) {
      const { code, stdout, stderr } = await portcullis([...words, ...json], on);
      expect([code, `${stdout}${stderr}`], words.join(' ')).toEqual([0, expect.not.stringContaining('hunter2')]);
    }
  }
});

test('a node is not started without a master key that the others can share', async () => {
  const { environment } = await deployment();
  const config = { ...testLimits, database: environment.PORTCULLIS_DATABASE };
  await expect(Portcullis.open(config)).rejects.toThrow('set masterKey or masterKeyFile');
});
