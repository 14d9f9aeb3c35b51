import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Database } from '../core/database.ts';
import { sql } from '../core/database.ts';
import type { DatabaseError } from './errors.ts';
import { DatabaseBusyError } from './errors.ts';
import { openSqlite } from './sqlite.ts';

const onCommitError = vi.fn<(error: DatabaseError) => void>();
let directory: string;
let path: string;
let database: Database;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'portcullis-group-'));
  path = join(directory, 'a.db');
  onCommitError.mockReset();
  database = openSqlite(path, { onCommitError, busyTimeout: 60 });
  await database.write(
    sql('CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT'),
    sql(`CREATE TABLE t (
      id INTEGER PRIMARY KEY,
      parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED
    ) STRICT`),
  );
});

afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

const insert = (id: number) => sql('INSERT INTO t (id) VALUES (?) RETURNING id', id);
const ids = async () => (await database.read('SELECT id FROM t ORDER BY id')).map((row) => row.id);
/** Resolves at the end of the event loop's turn, after what was to happen there before. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

test('writes that arrive together share one commit', async () => {
  const before = commitsInLog();
  await Promise.all(numbers(64).map((n) => database.write(insert(n))));
  expect(commitsInLog() - before).toBe(1);
  expect(await ids()).toEqual(numbers(64));
});

test('a group stays open while each turn of the event loop brings more', async () => {
  const before = commitsInLog();
  const writes = [database.write(insert(1)), database.write(insert(2))];
  for (const id of [3, 4]) {
    await nextTurn();
    writes.push(database.write(insert(id)));
  }
  await Promise.all(writes);
  expect(commitsInLog() - before).toBe(1);
});

test('a lone write does not wait for others', async () => {
  const before = commitsInLog();
  const alone = database.write(insert(1));
  await nextTurn();
  await Promise.all([alone, database.write(insert(2))]);
  expect(commitsInLog() - before).toBe(2);
});

test('writes that never cease to arrive do not keep a group open for ever', async () => {
  const before = commitsInLog();
  const writes: Promise<unknown>[] = [];
  for (const id of numbers(40)) {
    writes.push(database.write(insert(id)));
    await nextTurn();
  }
  await Promise.all(writes);
  expect(commitsInLog() - before).toBeGreaterThanOrEqual(40 / 8);
  expect(await ids()).toEqual(numbers(40));
});

test('a group is bounded: 600 writes that arrive together take three commits', async () => {
  const before = commitsInLog();
  await Promise.all(numbers(600).map((n) => database.write(insert(n))));
  expect(commitsInLog() - before).toBe(3);
});

test('one failing batch among many rejects alone, and nothing of it is kept', async () => {
  await database.write(insert(13));
  const before = commitsInLog();
  const outcomes = await Promise.allSettled(numbers(40).map((n) => database.write(insert(100 + n), insert(n))));
  expect(outcomes.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []))).toEqual([13]);
  expect(outcomes[12]).toMatchObject({ value: [[{ id: 112 }], [{ id: 12 }]] });
  expect(outcomes[13]).toMatchObject({ reason: { code: 'constraint' } });
  expect(commitsInLog() - before).toBe(1);
  expect(await ids()).toHaveLength(79);
  expect(await ids()).not.toContain(113);
  expect(onCommitError).not.toHaveBeenCalled();
});

test('a batch whose deferred constraint fails at the commit rejects alone too', async () => {
  const orphan = sql('INSERT INTO t (id, parent) VALUES (?, ?)', 50, 404);
  const outcomes = await Promise.allSettled([
    database.write(insert(1)),
    database.write(orphan),
    database.write(insert(2)),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await ids()).toEqual([1, 2]);
  const before = commitsInLog();
  await Promise.all([database.write(insert(3)), database.write(insert(4))]);
  expect(commitsInLog() - before).toBe(1);
});

test('batches of one group see each other in order of arrival, so one of many spenders wins', async () => {
  const spend = sql('UPDATE t SET parent = NULL, id = 0 WHERE id = ? RETURNING id', 7);
  const outcomes = await Promise.all([database.write(insert(7)), ...numbers(50).map(() => database.write(spend))]);
  expect(outcomes.slice(1).filter(([rows]) => rows?.length === 1)).toHaveLength(1);
  expect(outcomes[1]).toEqual([[{ id: 0 }]]);
});

test('a read started after a write sees none of it before the commit, and all of it after', async () => {
  const writing = database.write(insert(1), insert(2));
  expect(await ids()).toEqual([]);
  await writing;
  expect(await ids()).toEqual([1, 2]);
});

test('a write waits for another process to release its lock, while timers and reads go on', async () => {
  const patient = openSqlite(path, { onCommitError, busyTimeout: 3000 });
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  let settled = false;
  const writing = patient.write(insert(1)).finally(() => {
    settled = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  // A write that held the thread up until the lock was given up would have failed before this timer.
  expect(settled).toBe(false);
  expect(await patient.read('SELECT id FROM t')).toEqual([]);
  const joining = patient.write(insert(2));
  other.exec('COMMIT');
  const before = commitsInLog();
  await Promise.all([writing, joining]);
  expect(commitsInLog() - before).toBe(1);
  expect(onCommitError).not.toHaveBeenCalled();
  other.close();
  await patient.close();
});

test('a lock held beyond the timeout rejects with DatabaseBusyError, and later writes succeed', async () => {
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  const outcomes = await Promise.allSettled([database.write(insert(1)), database.write(insert(2))]);
  for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(DatabaseBusyError) });
  expect(onCommitError).toHaveBeenCalledOnce();
  other.exec('COMMIT');
  other.close();
  await database.write(insert(3));
  expect(await ids()).toEqual([3]);
});

test('closing waits for a write that waits for a lock', async () => {
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  const writing = database.write(insert(1));
  const closing = database.close();
  await new Promise((resolve) => setTimeout(resolve, 10));
  other.exec('COMMIT');
  await Promise.all([writing, closing]);
  expect(other.prepare('SELECT id FROM t').all()).toEqual([{ id: 1 }]);
  other.close();
});

/** Counts the frames of the write-ahead log that end a commit. @see https://sqlite.org/fileformat2.html#walformat */
function commitsInLog(): number {
  const log = readFileSync(`${path}-wal`);
  const frame = 24 + log.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at + frame <= log.length; at += frame) {
    const current = log.subarray(16, 24).equals(log.subarray(at + 8, at + 16));
    if (current && log.readUInt32BE(at + 4) !== 0) commits += 1;
  }
  return commits;
}
