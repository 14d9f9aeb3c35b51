import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../core/database.ts';
import { DatabaseError } from './errors.ts';
import { openSqlite } from './sqlite.ts';
import { assertSafeSqliteVersion, openSqliteConnection } from './sqlite-connection.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'portcullis-sqlite-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('opening', () => {
  test('a new database is readable by its owner only, and so are its directory and write-ahead log', async () => {
    const path = join(directory, 'deep', 'data', 'portcullis.db');
    const database = openSqlite(path);
    await database.write(sql('CREATE TABLE t (a TEXT) STRICT'));
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    for (const made of ['deep', 'deep/data']) expect(statSync(join(directory, made)).mode & 0o777).toBe(0o700);
    await database.close();
  });

  test('a connection is durable: write-ahead log, every commit synced, foreign keys enforced', () => {
    const connection = openSqliteConnection(join(directory, 'a.db'), 5000);
    const pragma = (name: string) => Object.values(connection.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('synchronous')).toBe(2);
    expect(pragma('foreign_keys')).toBe(1);
    expect(pragma('busy_timeout')).toBe(5000);
    connection.close();
  });

  test('a path that looks like a URI is a file name', async () => {
    const database = openSqlite(`${directory}/file:x?mode=memory`);
    await database.write(sql('CREATE TABLE t (a TEXT) STRICT'));
    expect(statSync(join(directory, 'file:x?mode=memory')).size).toBeGreaterThan(0);
    await database.close();
  });

  test('a file that is not a database is refused as corrupt, naming the file and what to do', () => {
    const path = join(directory, 'broken.db');
    writeFileSync(path, 'this was once a database, '.repeat(400));
    const error = thrownBy(() => openSqlite(path));
    expect(error).toMatchObject({ code: 'corrupt', hint: expect.stringContaining('restore the last backup') });
    expect(error.message).toContain(path);
    expect(error.message).not.toContain('\n');
    expect(error.stack).toContain(path);
  });

  test('a directory, and a path below a file, are refused as unreachable', () => {
    writeFileSync(join(directory, 'file'), '');
    expect(thrownBy(() => openSqlite(directory)).code).toBe('unreachable');
    expect(thrownBy(() => openSqlite(join(directory, 'file', 'a.db'))).code).toBe('unreachable');
  });

  test.each(['3.51.2', '3.50.7', '3.6.99'])(
    'SQLite %s is refused, because it can corrupt a write-ahead log',
    (version) => {
      expect(thrownBy(() => assertSafeSqliteVersion(version))).toMatchObject({ code: 'unsupported' });
    },
  );

  test.each(['3.51.3', '3.51.10', '3.53.0', '4.0.0'])('SQLite %s is accepted', (version) => {
    expect(() => assertSafeSqliteVersion(version)).not.toThrow();
  });

  test('a negative busy timeout is refused', () => {
    expect(() => openSqlite(':memory:', { busyTimeout: -1 })).toThrow(RangeError);
  });
});

describe('values', () => {
  test('text, whole numbers, fractions, bytes and NULL come back as they went in', async () => {
    const database = openSqlite(':memory:');
    await database.write(sql('CREATE TABLE t (a TEXT, b INTEGER, c REAL, d BLOB, e TEXT) STRICT'));
    const values = ["Zoë 'q' \u{1f512}", 1_800_000_000_000, 0.5, new Uint8Array([0, 255]), null];
    const [[row]] = (await database.write(sql('INSERT INTO t VALUES (?, ?, ?, ?, ?) RETURNING *', ...values))) as [
      [object],
    ];
    expect(Object.values(row)).toEqual(values);
    await database.close();
  });

  test('a whole number is an integer even where no column says so', async () => {
    const database = openSqlite(':memory:');
    expect(await database.read("SELECT 'a' || ? AS joined, typeof(?) AS kind, 7 / ? AS quotient", 7, 1, 2)).toEqual([
      { joined: 'a7', kind: 'integer', quotient: 3 },
    ]);
    await database.close();
  });

  test('a bigint is accepted, and an integer too large for a number is an error rather than a wrong number', async () => {
    const database = openSqlite(':memory:');
    expect(await database.read('SELECT ? AS n', 12n)).toEqual([{ n: 12 }]);
    await expect(database.read('SELECT ? AS n', 2n ** 60n)).rejects.toMatchObject({ code: 'statement' });
    await database.close();
  });
});

describe('statements', () => {
  test('each statement of a batch answers with its RETURNING rows, in order', async () => {
    const database = openSqlite(':memory:');
    const rows = await database.write(
      sql('CREATE TABLE t (a TEXT) STRICT'),
      sql('INSERT INTO t VALUES (?), (?) RETURNING a', 'x', 'y'),
      sql('DELETE FROM t WHERE a = ?', 'x'),
      sql('SELECT count(*) AS n FROM t'),
    );
    expect(rows).toEqual([[], [{ a: 'x' }, { a: 'y' }], [], [{ n: 1 }]]);
    await database.close();
  });

  test('too few or too many values are refused rather than taken as NULL', async () => {
    const database = openSqlite(':memory:');
    await expect(database.read('SELECT ?, ?', 1)).rejects.toThrow('2 placeholders were given 1 values');
    await expect(database.read("SELECT '?' -- ?", 1)).rejects.toThrow('0 placeholders were given 1 values');
    await database.close();
  });

  test('a second statement in one text is refused rather than ignored', async () => {
    const database = openSqlite(':memory:');
    await expect(database.write(sql('CREATE TABLE a (x TEXT); CREATE TABLE b (x TEXT)'))).rejects.toThrow(
      'one statement',
    );
    expect(await database.read('SELECT name FROM sqlite_schema')).toEqual([]);
    await database.close();
  });

  test.each(['COMMIT', 'ROLLBACK', 'RELEASE batch', '/* x */ BEGIN', 'PRAGMA foreign_keys = OFF', "ATTACH 'x' AS y"])(
    'a batch cannot hold %s',
    async (text) => {
      const database = openSqlite(':memory:');
      await database.write(sql('CREATE TABLE t (a TEXT) STRICT'));
      await expect(database.write(sql('INSERT INTO t VALUES (?)', 'x'), sql(text))).rejects.toMatchObject({
        code: 'statement',
      });
      expect(await database.read('SELECT a FROM t')).toEqual([]);
      await database.close();
    },
  );

  test('a read cannot write', async () => {
    const database = openSqlite(':memory:');
    await database.write(sql('CREATE TABLE t (a TEXT) STRICT'));
    await expect(database.read("INSERT INTO t VALUES ('x') RETURNING a")).rejects.toThrow('INSERT is not allowed here');
    await database.close();
  });

  test('an error carries the SQL text, and no value', async () => {
    const database = openSqlite(':memory:');
    await database.write(sql('CREATE TABLE t (a TEXT PRIMARY KEY) STRICT'));
    const insert = sql('INSERT INTO t VALUES (?)', 'a-secret');
    await database.write(insert);
    const error: DatabaseError = await database.write(insert).then(
      () => expect.unreachable(),
      (reason) => reason,
    );
    expect(error).toMatchObject({ code: 'constraint', sql: 'INSERT INTO t VALUES (?)' });
    expect(`${error.stack}${error.hint}`).not.toContain('a-secret');
    await database.close();
  });
});

describe('revision', () => {
  test('it changes when another connection commits, and not when this one does', async () => {
    const path = join(directory, 'a.db');
    const database = openSqlite(path);
    await database.write(sql('CREATE TABLE t (a TEXT) STRICT'));
    const before = database.revision();
    await database.write(sql("INSERT INTO t VALUES ('mine')"));
    expect(database.revision()).toBe(before);
    const other = new DatabaseSync(path);
    other.exec("INSERT INTO t VALUES ('theirs')");
    other.close();
    expect(database.revision()).not.toBe(before);
    await database.close();
  });
});

describe('closing', () => {
  test('writes under way are committed first, the log is folded into the file, and closing twice is harmless', async () => {
    const path = join(directory, 'a.db');
    const database = openSqlite(path);
    await database.write(sql('CREATE TABLE t (a INTEGER) STRICT'));
    const writes = Array.from({ length: 600 }, (_, n) => database.write(sql('INSERT INTO t VALUES (?)', n)));
    const closing = database.close();
    await expect(database.write(sql('INSERT INTO t VALUES (?)', 1000))).rejects.toMatchObject({ code: 'closed' });
    await Promise.all([...writes, closing, database.close()]);
    expect(() => statSync(`${path}-wal`)).toThrow();
    const reopened = new DatabaseSync(path, { readOnly: true });
    expect(reopened.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 600 });
    reopened.close();
  });

  test('a closed database refuses reads, writes and revision', async () => {
    const database = openSqlite(':memory:');
    await database.close();
    await expect(database.read('SELECT 1')).rejects.toMatchObject({ code: 'closed' });
    await expect(database.write()).rejects.toMatchObject({ code: 'closed' });
    expect(() => database.revision()).toThrow(DatabaseError);
  });

  test('a reader in another process does not hold up closing', async () => {
    const path = join(directory, 'a.db');
    // What it would wait for, if it waited.
    const busyTimeout = 20_000;
    const database = openSqlite(path, { busyTimeout });
    await database.write(sql('CREATE TABLE t (a TEXT) STRICT'), sql("INSERT INTO t VALUES ('x')"));
    const reader = new DatabaseSync(path);
    reader.exec('BEGIN');
    reader.prepare('SELECT a FROM t').all();
    await database.write(sql("INSERT INTO t VALUES ('y')"));
    const start = performance.now();
    await database.close();
    expect(performance.now() - start).toBeLessThan(busyTimeout);
    reader.close();
  });
});

function thrownBy(action: () => unknown): DatabaseError {
  try {
    action();
  } catch (error) {
    if (error instanceof DatabaseError) return error;
    throw error;
  }
  return expect.unreachable('nothing was thrown');
}
