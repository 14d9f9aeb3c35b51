import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { databaseLabel, openDatabase } from './open.ts';

test.each([
  ['a file path', (path: string) => path],
  ['sqlite: and a path', (path: string) => `sqlite:${path}`],
  ['sqlite:// and an absolute path', (path: string) => `sqlite://${path}`],
])('%s opens SQLite on that file', async (_, setting) => {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-open-'));
  const path = join(directory, 'data', 'a.db');
  const database = await openDatabase(setting(path));
  expect(existsSync(path)).toBe(true);
  await database.close();
  rmSync(directory, { recursive: true });
});

test.each([':memory:', 'sqlite::memory:'])('%s opens a database that leaves no file', async (setting) => {
  const database = await openDatabase(setting);
  expect(await database.read('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(existsSync(':memory:')).toBe(false);
  await database.close();
});

test.each([
  ['postgres://u:hunter2@127.0.0.1:1/x?connect_timeout=1', /^cannot connect to postgres:\/\/u@127\.0\.0\.1:1\/x: /],
  ['postgresql://u:hunter2@db.example/x?sslmode=prefer', /^sslmode is one of disable, /],
  ['postgres://u:hunter2@db.example:port/x', /^the database address is not a URL/],
  ['postgres://u:hunter2@db.example/x?sslmode=require&password=hunter2', /^the database address has no parameter/],
])('of %s, the password is not repeated where it cannot be used', async (url, message) => {
  const error: Error = await openDatabase(url).then(
    () => expect.unreachable(),
    (reason) => reason,
  );
  expect(error.message).toMatch(message);
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('hunter2');
});

test('a setting is shown without its password', () => {
  expect(databaseLabel('postgres://u%20v:hunter2@db.example/x?pool_size=3')).toBe('postgres://u%20v@db.example:5432/x');
  expect(databaseLabel('./data/a.db')).toBe('./data/a.db');
});

test.each(['', ' ', 'sqlite:', 'mysql://db/x', 'file:x.db', 'sqlite://host/x.db', 'a\0.db'])(
  '%j names no database',
  async (setting) => {
    await expect(openDatabase(setting)).rejects.toMatchObject({
      code: 'unsupported',
      hint: expect.stringContaining(':memory:'),
    });
  },
);
