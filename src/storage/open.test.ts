import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from './open.ts';

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

test.each(['postgres://u:hunter2@db/x', 'postgresql://u:hunter2@db/x'])(
  '%s is not supported yet, and its password is not repeated',
  async (url) => {
    const error: Error = await openDatabase(url).then(
      () => expect.unreachable(),
      (reason) => reason,
    );
    expect(error.message).toBe('PostgreSQL is not supported by this version yet');
    expect(error.stack).not.toContain('hunter2');
  },
);

test.each(['', ' ', 'sqlite:', 'mysql://db/x', 'file:x.db', 'sqlite://host/x.db', 'a\0.db'])(
  '%j names no database',
  async (setting) => {
    await expect(openDatabase(setting)).rejects.toMatchObject({
      code: 'unsupported',
      hint: expect.stringContaining(':memory:'),
    });
  },
);
