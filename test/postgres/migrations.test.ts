import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { sql } from '../../src/core/database.ts';
import { allMigrations } from '../../src/portcullis/migrations.ts';
import { checksumOf, migrate } from '../../src/storage/migrations.ts';
import { openDatabase } from '../../src/storage/open.ts';
import { openSqlite } from '../../src/storage/sqlite.ts';
import { newPostgresDatabase, runAsOwner } from '../support/postgres-lease.ts';

test('six nodes that start at once on an empty database apply each migration once', async () => {
  const address = await newPostgresDatabase();
  const locate = (file: string) => JSON.stringify(new URL(`../../src/${file}`, import.meta.url).href);
  const script = `
    import { writeSync } from 'node:fs';
    import { text } from 'node:stream/consumers';
    import { allMigrations } from ${locate('portcullis/migrations.ts')};
    import { migrate } from ${locate('storage/migrations.ts')};
    import { openDatabase } from ${locate('storage/open.ts')};
    const database = await openDatabase(${JSON.stringify(address)});
    writeSync(1, 'ready\\n');
    await text(process.stdin);
    writeSync(1, JSON.stringify(await migrate(database, allMigrations, undefined, { version: 1, tolerates: 1 })) + '\\n');
    await database.close();
  `;
  const nodes = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  onTestFinished(() => {
    for (const node of nodes) node.kill('SIGKILL');
  });
  const outputs = nodes.map((node) => text(node.stdout));
  await Promise.all(nodes.map((node) => new Promise((resolve) => node.stdout.once('data', resolve))));
  for (const node of nodes) node.stdin.end();
  const reports = (await Promise.all(outputs)).map((output) => JSON.parse(output.split('\n')[1] ?? '') as string[]);
  expect(reports.flat().sort()).toEqual(allMigrations.map(({ id }) => id).sort());
  const database = await openDatabase(address);
  onTestFinished(() => database.close());
  expect(await migrate(database, allMigrations)).toEqual([]);
});

test('a migration that fails is undone whole, and one that takes longer than a statement may is not cut short', async () => {
  const address = new URL(await newPostgresDatabase());
  address.searchParams.set('statement_timeout', '1');
  const database = await openDatabase(address.href);
  onTestFinished(() => database.close());
  const broken = { id: '0001-broken', statements: ['CREATE TABLE half (a TEXT)', 'CREATE TABLE broken (a NONSENSE)'] };
  await expect(migrate(database, [broken])).rejects.toThrow(/^migration '0001-broken' failed: .*nonsense/);
  const slow = { id: '0001-slow', statements: ['CREATE TABLE half AS SELECT CAST(pg_sleep(1.5) AS TEXT) AS a'] };
  expect(await migrate(database, [slow])).toEqual(['0001-slow']);
});

test('a user who may not make tables can use a database that is up to date', async () => {
  const address = await newPostgresDatabase();
  const owner = await openDatabase(address);
  onTestFinished(() => owner.close());
  await migrate(owner, allMigrations, undefined, { version: 1, tolerates: 1 });
  const user = new URL(address);
  user.username = `user_of${user.pathname.slice(1)}`.replace('/', '_');
  await owner.write(sql(`CREATE ROLE ${user.username} LOGIN`));
  const grant = `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${user.username}`;
  await runAsOwner(address, grant);
  const database = await openDatabase(user.href);
  onTestFinished(async () => {
    await database.close();
    await runAsOwner(address, `DROP OWNED BY ${user.username}; DROP ROLE ${user.username}`);
  });
  expect(await migrate(database, allMigrations, undefined, { version: 1, tolerates: 1 })).toEqual([]);
  await database.write(sql("INSERT INTO setup_links (token_hash, expires_at) VALUES ('a', 0)"));
});

test('both engines record the same of the same migrations', async () => {
  const postgres = await openDatabase(await newPostgresDatabase());
  const sqlite = openSqlite(':memory:');
  onTestFinished(async () => {
    await postgres.close();
    await sqlite.close();
  });
  const recorded = 'SELECT id, checksum FROM schema_migrations ORDER BY id';
  for (const database of [postgres, sqlite]) await migrate(database, allMigrations);
  expect(await postgres.read(recorded)).toEqual(await sqlite.read(recorded));
  expect(await postgres.read(recorded)).toHaveLength(new Set(allMigrations.map(checksumOf)).size);
});
