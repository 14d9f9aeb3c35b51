import { describe, expect, test } from 'vitest';
import { ManualClock } from '../core/clock.ts';
import type { Database, Migration } from '../core/database.ts';
import { sql } from '../core/database.ts';
import { checksumOf, migrate } from './migrations.ts';
import { schemaStatus } from './schema-status.ts';
import { openSqlite } from './sqlite.ts';

const things: Migration = {
  id: '0001-things',
  statements: ['CREATE TABLE things (id TEXT PRIMARY KEY, made_at BIGINT NOT NULL)'],
};
const index: Migration = { id: '0002-index', statements: ['CREATE INDEX things_made_at ON things (made_at)'] };

const tables = async (database: Database) =>
  (await database.read("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY name")).map(
    (row) => row.name,
  );

test('migrations are applied once, in list order, with their checksum and the time', async () => {
  const database = openSqlite(':memory:');
  const clock = new ManualClock(5_000);
  expect(await migrate(database, [things], clock)).toEqual(['0001-things']);
  clock.advance(1_000);
  expect(await migrate(database, [things, index], clock)).toEqual(['0002-index']);
  expect(await migrate(database, [things, index], clock)).toEqual([]);
  expect(await database.read('SELECT * FROM schema_migrations ORDER BY id')).toEqual([
    { id: '0001-things', checksum: checksumOf(things), applied_at: 5_000 },
    { id: '0002-index', checksum: checksumOf(index), applied_at: 6_000 },
  ]);
  expect(await tables(database)).toEqual(['schema_migrations', 'schema_versions', 'things', 'things_made_at']);
  await database.close();
});

test('tables are strict: a column refuses what is not of its type', async () => {
  const database = openSqlite(':memory:');
  await migrate(database, [things]);
  await expect(database.write(sql('INSERT INTO things VALUES (?, ?)', 'a', 'soon'))).rejects.toMatchObject({
    code: 'constraint',
  });
  await database.close();
});

test('a migration that fails is undone whole, named in the error, and tried again next time', async () => {
  const database = openSqlite(':memory:');
  const broken: Migration = {
    id: '0002-broken',
    statements: ['CREATE TABLE half (a TEXT)', 'CREATE TABLE broken (a NONSENSE)'],
  };
  await expect(migrate(database, [things, broken])).rejects.toThrow(/^migration '0002-broken' failed: .*NONSENSE/);
  expect(await tables(database)).toEqual(['schema_migrations', 'schema_versions', 'things']);
  const mended: Migration = { id: '0002-broken', statements: ['CREATE TABLE half (a TEXT)'] };
  expect(await migrate(database, [things, mended])).toEqual(['0002-broken']);
  await database.close();
});

test('a migration whose text changed after it was applied is refused', async () => {
  const database = openSqlite(':memory:');
  await migrate(database, [things]);
  const changed: Migration = {
    id: '0001-things',
    statements: ['CREATE TABLE things (id TEXT PRIMARY KEY, made_at BIGINT)'],
  };
  await expect(migrate(database, [changed, index])).rejects.toMatchObject({
    code: 'migration',
    message: expect.stringContaining("'0001-things' in the database differs"),
  });
  expect(await tables(database)).not.toContain('things_made_at');
  await database.close();
});

test('a migration that was only reformatted is still the same', async () => {
  const database = openSqlite(':memory:');
  await migrate(database, [things]);
  const reformatted = {
    id: things.id,
    statements: things.statements.map((text) => `\n  ${text.replaceAll(' ', '\n   ')}\n`),
  };
  expect(await migrate(database, [reformatted])).toEqual([]);
  await database.close();
});

test('a database that a newer version has migrated is refused before anything is changed', async () => {
  const database = openSqlite(':memory:');
  const newer: Migration = { id: '0009-newer', statements: ['CREATE TABLE newer (a TEXT)'] };
  await migrate(database, [things, newer]);
  await expect(migrate(database, [things, index])).rejects.toMatchObject({
    message: "the database has migration '0009-newer', which this version does not know",
    hint: expect.stringContaining('newer version'),
  });
  expect(await tables(database)).not.toContain('things_made_at');
  await database.close();
});

describe('a database that a newer version has migrated, one that tolerates this one,', () => {
  const newer: Migration = { id: '0009-newer', statements: ['CREATE TABLE newer (a TEXT)'] };

  async function migratedBy(version: number, tolerates: number): Promise<Database> {
    const database = openSqlite(':memory:');
    await migrate(database, [things], undefined, { version: 1, tolerates: 1 });
    await migrate(database, [things, newer], undefined, { version, tolerates });
    return database;
  }

  test('is used as it is', async () => {
    const database = await migratedBy(2, 1);
    expect(await migrate(database, [things], undefined, { version: 1, tolerates: 1 })).toEqual([]);
    expect(await schemaStatus(database, [things], { version: 1, tolerates: 1 })).toMatchObject({
      state: 'newer',
      version: 2,
      unknown: ['0009-newer'],
      pending: [],
    });
    await database.close();
  });

  test('is refused by the version before that', async () => {
    const database = await migratedBy(3, 2);
    const release = { version: 1, tolerates: 1 };
    await expect(migrate(database, [things], undefined, release)).rejects.toMatchObject({ code: 'migration' });
    expect(await schemaStatus(database, [things], release)).toMatchObject({ state: 'incompatible', version: 3 });
    await database.close();
  });

  test('is refused until the newer version has said so, and where none does', async () => {
    const database = await migratedBy(2, 1);
    await database.write(sql('DELETE FROM schema_versions WHERE version = 2'));
    const release = { version: 1, tolerates: 1 };
    await expect(migrate(database, [things], undefined, release)).rejects.toMatchObject({ code: 'migration' });
    expect(await schemaStatus(database, [things], release)).toMatchObject({ state: 'incompatible', version: 1 });
    await database.close();
  });

  test('is refused by a build that would change other things', async () => {
    const database = await migratedBy(2, 1);
    const release = { version: 1, tolerates: 1 };
    await expect(migrate(database, [things, index], undefined, release)).rejects.toMatchObject({ code: 'migration' });
    expect(await tables(database)).not.toContain('things_made_at');
    await database.close();
  });
});

test('a database that was never migrated has everything before it', async () => {
  const database = openSqlite(':memory:');
  expect(await schemaStatus(database, [things, index], undefined)).toMatchObject({
    state: 'pending',
    version: undefined,
    applied: [],
    pending: ['0001-things', '0002-index'],
  });
  expect(await tables(database)).toEqual([]);
  await database.close();
});

test('two migrations of one name are refused', async () => {
  const database = openSqlite(':memory:');
  await expect(migrate(database, [things, things])).rejects.toThrow("two migrations are called '0001-things'");
  await database.close();
});

test('an object that no driver opened is refused', async () => {
  const stranger: Database = { read: async () => [], write: async () => [], revision: () => 0, close: async () => {} };
  await expect(migrate(stranger, [things])).rejects.toThrow(TypeError);
});
