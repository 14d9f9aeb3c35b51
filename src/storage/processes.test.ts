import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sql } from '../core/database.ts';
import { migrate } from './migrations.ts';
import { openSqlite } from './sqlite.ts';

type Child = ChildProcessByStdio<Writable, Readable, null>;

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'portcullis-processes-'));
  path = join(directory, 'a.db');
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

test('every acknowledged write survives kill -9', async () => {
  const child = start(`
    const database = openSqlite(path);
    await database.write(sql('CREATE TABLE t (id INTEGER PRIMARY KEY) STRICT'));
    let next = 0;
    const writer = async () => {
      for (;;) {
        const id = next++;
        await database.write(sql('INSERT INTO t (id) VALUES (?)', id));
        writeSync(1, id + '\\n');
      }
    };
    for (let n = 0; n < 8; n += 1) writer();
  `);
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.split('\n').length > 400) child.kill('SIGKILL');
  }
  const acknowledged = output.split('\n').slice(0, -1).map(Number);
  expect(acknowledged.length).toBeGreaterThanOrEqual(400);
  const database = openSqlite(path);
  const kept = new Set((await database.read('SELECT id FROM t')).map((row) => row.id));
  expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
  await database.close();
});

test('a process that dies the moment its write is acknowledged leaves the row, and not half of the next batch', async () => {
  const child = start(`
    const database = openSqlite(path);
    await database.write(sql('CREATE TABLE t (id TEXT PRIMARY KEY) STRICT'));
    await database.write(sql('INSERT INTO t (id) VALUES (?)', 'acknowledged'));
    database.write(sql('INSERT INTO t (id) VALUES (?)', 'left'), sql('INSERT INTO t (id) VALUES (?)', 'right'));
    process.kill(process.pid, 'SIGKILL');
  `);
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  const database = openSqlite(path);
  expect(await database.read('SELECT id FROM t')).toEqual([{ id: 'acknowledged' }]);
  await database.close();
});

test('of four processes that spend the same 50 codes at once, exactly one wins each', async () => {
  const database = openSqlite(path);
  await database.write(sql('CREATE TABLE codes (id INTEGER PRIMARY KEY, spent_at INTEGER, spent_by INTEGER) STRICT'));
  await database.write(...numbers(50).map((id) => sql('INSERT INTO codes (id) VALUES (?)', id)));
  const racers = numbers(4).map(() =>
    start(`
      const database = openSqlite(path);
      writeSync(1, 'ready\\n');
      await text(process.stdin);
      const ids = Array.from({ length: 50 }, (_, id) => id);
      const spend = (id) =>
        database.write(sql('UPDATE codes SET spent_at = ?, spent_by = ? WHERE id = ? AND spent_at IS NULL RETURNING id', 1, process.pid, id));
      const together = await Promise.all(ids.slice(0, 25).map(spend));
      const apart = [];
      for (const id of ids.slice(25)) apart.push(await spend(id));
      const won = [...together, ...apart].flatMap(([rows]) => rows.map((row) => row.id));
      writeSync(1, JSON.stringify(won) + '\\n');
      await database.close();
    `),
  );
  const reports = await raceTogether(racers);
  const won = reports.flatMap((report) => JSON.parse(report) as number[]);
  expect(won.sort((a, b) => a - b)).toEqual(numbers(50));
  expect(await database.read('SELECT id FROM codes WHERE spent_at IS NULL')).toEqual([]);
  await database.close();
});

test('six processes that create and migrate one new database at once apply each migration once', async () => {
  const migrations = numbers(5).map((n) => ({
    id: `000${n}-t`,
    statements: [`CREATE TABLE t${n} (a TEXT)`, `CREATE INDEX i${n} ON t${n} (a)`],
  }));
  const racers = numbers(6).map(() =>
    start(`
      writeSync(1, 'ready\\n');
      await text(process.stdin);
      const database = openSqlite(path);
      writeSync(1, JSON.stringify(await migrate(database, ${JSON.stringify(migrations)})) + '\\n');
      await database.close();
    `),
  );
  const reports = await raceTogether(racers);
  const applied = reports.flatMap((report) => JSON.parse(report) as string[]);
  expect(applied.sort()).toEqual(migrations.map(({ id }) => id));
  const database = openSqlite(path);
  expect(await migrate(database, migrations)).toEqual([]);
  await database.close();
});

test("another process' commit changes revision() at once, and its rows are there to read", async () => {
  const database = openSqlite(path);
  await database.write(sql('CREATE TABLE t (a TEXT) STRICT'));
  const before = database.revision();
  const child = start(`
    const database = openSqlite(path);
    await database.write(sql('INSERT INTO t VALUES (?)', 'theirs'));
    writeSync(1, 'written');
    await text(process.stdin);
  `);
  await once(child.stdout, 'data');
  expect(database.revision()).not.toBe(before);
  const settled = database.revision();
  expect(await database.read('SELECT a FROM t')).toEqual([{ a: 'theirs' }]);
  expect(database.revision()).toBe(settled);
  child.stdin.end();
  await once(child, 'exit');
  await database.close();
});

test('a database that this user may not write is refused as read-only, naming the file and what to do', async () => {
  const database = openSqlite(path);
  await database.write(sql('CREATE TABLE t (a TEXT) STRICT'));
  await database.close();
  chmodSync(path, 0o444);
  chmodSync(directory, 0o555);
  const child = start(`
    if (process.getuid() === 0) process.seteuid(65534);
    try {
      const database = openSqlite(path);
      await database.write(sql('INSERT INTO t VALUES (?)', 'x'));
    } catch (error) {
      writeSync(1, JSON.stringify({ code: error.code, message: error.message, hint: error.hint }));
    }
    if (process.getuid() === 0) process.seteuid(0);
  `);
  const report = JSON.parse(await text(child.stdout)) as object;
  chmodSync(directory, 0o755);
  expect(report).toMatchObject({
    code: 'readonly',
    message: expect.stringContaining(path),
    hint: expect.stringContaining('write the database file'),
  });
});

test('a write that the disk refuses rejects its whole group, keeps none of it, and leaves the database usable', async () => {
  const child = start(
    `
    const failures = [];
    const database = openSqlite(path, { onCommitError: (error) => failures.push(error.code) });
    await database.write(sql('CREATE TABLE t (a TEXT) STRICT'));
    const small = sql('INSERT INTO t VALUES (?)', 'small');
    const outcomes = await Promise.allSettled([database.write(small), database.write(sql('INSERT INTO t VALUES (?)', 'x'.repeat(1e6)))]);
    await database.write(small);
    const rows = await database.read('SELECT a FROM t');
    writeSync(1, JSON.stringify({ failures, outcomes: outcomes.map(({ reason }) => reason?.code), rows }));
    await database.close();
  `,
    ['sh', '-c', 'ulimit -f 512; exec "$0" "$@"'],
  );
  expect(JSON.parse(await text(child.stdout))).toEqual({
    failures: ['io'],
    outcomes: ['io', 'io'],
    rows: [{ a: 'small' }],
  });
});

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

/** Runs a script in a new process, with the database's path as `path`; `wrapper` is a command to run it under. */
function start(script: string, wrapper: readonly string[] = []): Child {
  const locate = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const prelude = `
    import { writeSync } from 'node:fs';
    import { text } from 'node:stream/consumers';
    import { sql } from ${locate('../core/database.ts')};
    import { migrate } from ${locate('migrations.ts')};
    import { openSqlite } from ${locate('sqlite.ts')};
    const path = ${JSON.stringify(path)};
  `;
  const [command = process.execPath, ...values] = [
    ...wrapper,
    process.execPath,
    '--input-type=module',
    '--eval',
    prelude + script,
  ];
  return spawn(command, values, { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** Lets processes that have each said `ready` go at once, and resolves with the line each answers. */
async function raceTogether(racers: readonly Child[]): Promise<string[]> {
  const outputs = racers.map((racer) => text(racer.stdout));
  await Promise.all(racers.map((racer) => once(racer.stdout, 'data')));
  for (const racer of racers) racer.stdin.end();
  return (await Promise.all(outputs)).map((output) => output.split('\n')[1] ?? '');
}
