import { chmodSync, copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { sql } from '../../src/core/database.ts';
import { systemRandom } from '../../src/core/random.ts';
import { ClientStore } from '../../src/oauth/register/store.ts';
import { writeBackup } from '../../src/operations/backup/write-backup.ts';
import { allMigrations } from '../../src/portcullis/migrations.ts';
import { openDatabase } from '../../src/storage/open.ts';
import { type LongTransaction, openTransaction } from '../../src/storage/transaction.ts';
import { backUp, backupDirectory, backupSecret, restore } from '../support/backups.ts';
import { clientNamed, countOf, openAt, start } from '../support/database.ts';
import { testDatabase } from '../support/engine.ts';

const clock = new ManualClock();

/** A database with so many users; names that are hard to carry among them. @param path where it is a file of SQLite */
async function databaseWith(users: number, path: string): Promise<string> {
  const { database: address } = await testDatabase(path);
  const database = await openAt(address);
  const insert = (n: number) =>
    sql(
      `INSERT INTO users (user_id, user_name, user_key, email, display_name, role, status, password_hash,
         password_changed_at, created_at) VALUES (?, ?, ?, NULL, ?, 'user', 'active', 'secret-hash', ?, ?)`,
      `u${n}`,
      `name ${n}`,
      `name ${n}`,
      `Zoë "${n}" \u{1f512}\n\\`,
      start,
      start + n,
    );
  for (let from = 0; from < users; from += 500) {
    const count = Math.min(500, users - from);
    await database.write(...Array.from({ length: count }, (_, n) => insert(from + n)));
  }
  await new ClientStore({ database }).add(clientNamed('client'));
  await database.close();
  return address;
}

async function usersIn(address: string): Promise<unknown> {
  const database = await openDatabase(address);
  try {
    return await database.read('SELECT * FROM users ORDER BY user_id');
  } finally {
    await database.close();
  }
}

it('what was backed up comes back as it was, in a file that only its owner can read', async () => {
  const directory = backupDirectory();
  const file = join(directory, 'a.backup');
  const before = await databaseWith(1203, join(directory, 'before.db'));
  const { database: after } = await testDatabase(join(directory, 'after.db'));
  const { tables } = await backUp(before, file, clock);
  expect(tables.find(({ table }) => table === 'users')).toMatchObject({ rows: 1203 });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  for (const secret of ['secret-hash', 'name 7', 'Zoë']) expect(readFileSync(file).includes(secret)).toBe(false);
  await restore(file, after, clock);
  expect(await usersIn(after)).toEqual(await usersIn(before));
  expect(readdirSync(directory).filter((name) => name.includes('unfinished'))).toEqual([]);
});

it('a backup is of one moment, whatever is written while it is made', async () => {
  const directory = backupDirectory();
  const path = await databaseWith(2000, join(directory, 'a.db'));
  const snapshot = await openTransaction(path, 'snapshot');
  const database = await openDatabase(path);
  let writes = 0;
  const written = await writeBackup(snapshot, join(directory, 'a.backup'), {
    secret: backupSecret,
    migrations: allMigrations,
    clock,
    random: systemRandom,
    onProgress: () => {
      writes += 1;
      void database.write(
        sql('DELETE FROM users WHERE user_id IN (SELECT user_id FROM users ORDER BY user_id DESC LIMIT 300)'),
      );
    },
  });
  await snapshot.undo();
  expect(writes).toBeGreaterThan(3);
  expect(written.tables.find(({ table }) => table === 'users')?.rows).toBe(2000);
  expect(await countOf(database, 'users')).toBeLessThan(2000);
  await database.close();
});

it('no more than a page of rows is read at a time', async () => {
  const directory = backupDirectory();
  const path = await databaseWith(6000, join(directory, 'a.db'));
  const snapshot = await openTransaction(path, 'snapshot');
  let most = 0;
  const watched: LongTransaction = {
    shapeOf: (table) => snapshot.shapeOf(table),
    read: async (text, ...values) => {
      const rows = await snapshot.read(text, ...values);
      most = Math.max(most, rows.length);
      return rows;
    },
    write: () => expect.unreachable('a snapshot is not written to'),
    commit: () => snapshot.commit(),
    undo: () => snapshot.undo(),
  };
  await writeBackup(watched, join(directory, 'a.backup'), {
    secret: backupSecret,
    migrations: allMigrations,
    clock,
    random: systemRandom,
    onProgress: () => {},
  });
  await watched.undo();
  expect(most).toBe(500);
});

it('a file that is there already is never overwritten, and leaves nothing behind', async () => {
  const directory = backupDirectory();
  const path = await databaseWith(3, join(directory, 'a.db'));
  const file = join(directory, 'a.backup');
  writeFileSync(file, 'precious');
  await expect(backUp(path, file, clock)).rejects.toMatchObject({
    code: 'file',
    message: expect.stringContaining('already'),
  });
  expect(readFileSync(file, 'utf8')).toBe('precious');
  await expect(backUp(path, join(directory, 'nowhere', 'b.backup'), clock)).rejects.toMatchObject({ code: 'file' });
  expect(readdirSync(directory).filter((name) => name.includes('unfinished'))).toEqual([]);
});

it('a damaged backup changes nothing, also where the damage is at its very end', async () => {
  const directory = backupDirectory();
  const file = join(directory, 'a.backup');
  const before = await databaseWith(1200, join(directory, 'a.db'));
  await backUp(before, file, clock);
  const after = await databaseWith(5, join(directory, 'b.db'));
  const kept = await usersIn(after);
  const damaged = join(directory, 'damaged.backup');
  for (const place of [100, statSync(file).size - 1]) {
    copyFileSync(file, damaged);
    chmodSync(damaged, 0o600);
    const bytes = readFileSync(damaged);
    bytes[place] = (bytes[place] ?? 0) ^ 1;
    writeFileSync(damaged, bytes);
    await expect(restore(damaged, after, clock)).rejects.toMatchObject({ code: 'damaged' });
    expect(await usersIn(after)).toEqual(kept);
  }
  await restore(file, after, clock);
  expect(await usersIn(after)).toEqual(await usersIn(before));
});
