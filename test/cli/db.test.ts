import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { sql } from '../../src/core/database.ts';
import { openSqlite } from '../../src/storage/sqlite.ts';
import { portcullis, portcullisJson } from './processes.ts';

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-db-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

it('db migrate makes the schema, once, and db status says what there is', async () => {
  const directory = newDirectory();
  const first = await portcullisJson(['db', 'migrate'], { directory });
  expect(first['applied']).toContain('0001-clients');
  expect((await portcullisJson(['db', 'migrate'], { directory }))['applied']).toEqual([]);
  const status = await portcullisJson(['db', 'status'], { directory });
  expect(status).toMatchObject({ state: 'current', version: 1, versionOfThisProgram: 1, pending: [], unknown: [] });
  expect(status['applied']).toHaveLength((first['applied'] as string[]).length);
  const { stdout } = await portcullis(['db', 'status'], { directory });
  expect(stdout).toContain('up to date');
});

it('db status tells of what a newer version made, and whether this one may go on', async () => {
  const directory = newDirectory();
  await portcullisJson(['db', 'migrate'], { directory });
  const database = openSqlite(join(directory, 'data', 'portcullis.db'));
  await database.write(
    sql("INSERT INTO schema_migrations VALUES ('9999-later', 'x', 0)"),
    sql('INSERT INTO schema_versions VALUES (2, 1, 0)'),
  );
  const status = () => portcullisJson(['db', 'status'], { directory });
  expect(await status()).toMatchObject({ state: 'newer', version: 2, unknown: ['9999-later'] });
  await database.write(sql('UPDATE schema_versions SET tolerates = 2 WHERE version = 2'));
  await database.close();
  expect(await status()).toMatchObject({ state: 'incompatible' });
});

it('db status makes no database', async () => {
  const { code, stderr } = await portcullis(['db', 'status'], { directory: newDirectory() });
  expect([code, stderr]).toEqual([2, expect.stringContaining('there is no database')]);
});
