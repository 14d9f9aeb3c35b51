import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Database, sql } from '../../src/core/database.ts';
import { openDatabase } from '../../src/storage/open.ts';
import { leasePostgres } from '../support/postgres-lease.ts';

let address: string;

async function open(parameters: Readonly<Record<string, string>> = {}): Promise<Database> {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const database = await openDatabase(url.href);
  onTestFinished(() => database.close());
  return database;
}

beforeEach(async () => {
  const leased = await leasePostgres();
  address = leased.url;
  onTestFinished(async () => {
    const database = await openDatabase(address);
    await database.write(sql('DROP TABLE IF EXISTS t'));
    await database.close();
    await leased.release();
  });
});

describe('values', () => {
  test('text, whole numbers, bytes and NULL come back as they went in', async () => {
    const database = await open();
    await database.write(sql('CREATE TABLE t (a TEXT, b BIGINT, c BYTEA, d TEXT)'));
    const values = ["Zoë 'q' $1 \u{1f512}", 1_800_000_000_000, new Uint8Array([0, 255]), null];
    const [[row] = []] = await database.write(sql('INSERT INTO t VALUES (?, ?, ?, ?) RETURNING *', ...values));
    expect(Object.values(row ?? {})).toEqual(values);
    expect(await database.read('SELECT count(*) AS n, 1 = 1 AS yes, 2.5 AS f FROM t')).toEqual([
      { n: 1, yes: 1, f: 2.5 },
    ]);
  });

  test('an integer too large for a number is an error rather than a wrong number', async () => {
    const database = await open();
    await expect(database.read('SELECT CAST(? AS BIGINT) AS n', 2n ** 60n)).rejects.toMatchObject({
      code: 'statement',
    });
    expect(await database.read('SELECT CAST(? AS BIGINT) AS n', 12n)).toEqual([{ n: 12 }]);
  });

  test('a text with a NUL character is no failure: it finds nothing', async () => {
    const database = await open();
    expect(await database.read('SELECT client_id FROM clients WHERE client_id = ?', 'a\0b')).toEqual([]);
  });

  test('a column refuses what is not of its type, and the error repeats no value', async () => {
    const database = await open();
    const write = database.write(sql('INSERT INTO setup_links (token_hash, expires_at) VALUES (?, ?)', 'h', 'hunter2'));
    const error: Error = await write.then(
      () => expect.unreachable(),
      (reason) => reason,
    );
    expect(error).toMatchObject({ code: 'constraint' });
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain('hunter2');
  });
});

describe('batches', () => {
  const insert = (hash: string) =>
    sql('INSERT INTO setup_links (token_hash, expires_at) VALUES (?, 0) RETURNING token_hash', hash);

  test('each statement answers with its RETURNING rows, in order, and sees what those before it did', async () => {
    const database = await open();
    expect(
      await database.write(
        insert('a'),
        insert('b'),
        sql('DELETE FROM setup_links WHERE token_hash = ?', 'a'),
        sql('SELECT count(*) AS n FROM setup_links'),
      ),
    ).toEqual([[{ token_hash: 'a' }], [{ token_hash: 'b' }], [], [{ n: 1 }]]);
    expect(await database.write()).toEqual([]);
  });

  test('a statement that fails undoes its batch, and the connection and its prepared statements go on', async () => {
    const database = await open({ pool_size: '1' });
    await database.write(insert('a'));
    for (let round = 0; round < 3; round += 1) {
      await expect(database.write(insert('b'), insert('a'))).rejects.toMatchObject({ code: 'constraint' });
      await expect(database.write(insert('b'), sql('SELECT 1 / CAST(? AS BIGINT)', 0))).rejects.toThrow(
        'division by zero',
      );
    }
    expect(await database.read('SELECT token_hash FROM setup_links')).toEqual([{ token_hash: 'a' }]);
    await database.write(insert('b'));
  });

  test.each(['COMMIT', '/* x */ BEGIN', 'SET search_path = x', 'COPY t TO STDOUT', ''])(
    '%j is refused, so that nobody ends a transaction by SQL',
    async (text) => {
      const database = await open();
      await expect(database.write(sql(text))).rejects.toMatchObject({ code: 'statement' });
      await expect(database.read(text)).rejects.toMatchObject({ code: 'statement' });
    },
  );

  test('a second statement in one text, and values that are too few, are refused', async () => {
    const database = await open();
    await expect(database.read('SELECT 1; SELECT 2')).rejects.toMatchObject({ code: 'statement' });
    await expect(database.read('SELECT ?, ?', 1)).rejects.toThrow('2 placeholders were given 1 values');
  });

  test('what is written by a read is refused', async () => {
    const database = await open();
    await expect(database.read("DELETE FROM setup_links WHERE token_hash = 'a'")).rejects.toMatchObject({
      code: 'statement',
    });
  });
});

describe('concurrent batches', () => {
  test('take effect one after the other, however many have to give way', async () => {
    const database = await open({ pool_size: '20' });
    await database.write(sql('CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)'));
    await database.write(sql('INSERT INTO t VALUES (1, 0)'));
    const add = sql('UPDATE t SET n = n + 1 WHERE id = 1 RETURNING n');
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => database.write(add)));
    const seen = outcomes.map(([rows]) => rows?.[0]?.['n']);
    expect(new Set(seen).size).toBe(100);
    expect(await database.read('SELECT n FROM t')).toEqual([{ n: 100 }]);
  });

  test('cannot each rely on what the other one takes away', async () => {
    const database = await open();
    await database.write(sql('CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)'));
    for (let round = 0; round < 20; round += 1) {
      await database.write(sql('DELETE FROM t'), sql('INSERT INTO t VALUES (1, 1), (2, 1)'));
      const leave = (id: number) =>
        sql(
          'UPDATE t SET n = 0 WHERE id = ? AND EXISTS (SELECT 1 FROM t AS o WHERE o.id <> ? AND o.n = 1) RETURNING id',
          id,
          id,
        );
      await Promise.all([database.write(leave(1)), database.write(leave(2))]);
      expect(await database.read('SELECT sum(n) AS n FROM t')).toEqual([{ n: 1 }]);
    }
  });
});

describe('revision()', () => {
  test('changes within a second of what another process commits, and stays while nobody writes', async () => {
    const [database, other] = [await open(), await open()];
    let before = database.revision();
    const isQuiet = () => {
      const last = before;
      before = database.revision();
      return last === before;
    };
    await expect.poll(isQuiet, { timeout: 2000 }).toBe(true);
    await other.write(sql("INSERT INTO setup_links (token_hash, expires_at) VALUES ('x', 0)"));
    const written = performance.now();
    await expect.poll(() => database.revision(), { interval: 20, timeout: 3000 }).not.toBe(before);
    expect(performance.now() - written).toBeLessThan(1000);
  });
});

test('a closed database says so', async () => {
  const database = await open();
  await database.close();
  await expect(database.read('SELECT 1')).rejects.toMatchObject({ code: 'closed', retryAfterSeconds: 10 });
  await expect(database.write(sql('SELECT 1'))).rejects.toMatchObject({ code: 'closed' });
  expect(() => database.revision()).toThrow('closed');
});
