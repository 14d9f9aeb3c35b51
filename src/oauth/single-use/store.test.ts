import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSchema, start } from '../../../test/support/database.ts';
import { ManualClock } from '../../core/clock.ts';
import { sql } from '../../core/database.ts';
import { retentionRules, tasksFor } from '../../operations/retention/rules.ts';
import type { DatabaseWithDialect } from '../../storage/dialect.ts';
import { SpentIdentifiers } from './store.ts';

let database: DatabaseWithDialect;
let spent: SpentIdentifiers;
beforeEach(async () => {
  database = await openSchema();
  spent = new SpentIdentifiers(database);
});
afterEach(() => database.close());

const once = { purpose: 'proof', issuer: 'somebody', identifier: 'a', usableFrom: start, expiresAt: start + 60_000 };

it('an identifier counts once for its purpose and its issuer [PITFALL-21]', async () => {
  expect(await spent.spend(once)).toBe(true);
  expect(await spent.spend(once)).toBe(false);
  expect(await spent.spend({ ...once, expiresAt: start + 90_000 })).toBe(false);
  expect(await spent.spend({ ...once, purpose: 'assertion' })).toBe(true);
  // One key must not be made of two halves in two ways.
  expect(await spent.spend({ ...once, issuer: 'some', identifier: 'bodya' })).toBe(true);
});

it('identifiers are kept as hashes, and go an hour after they would be refused for their age [PITFALL-23]', async () => {
  await spent.spend(once);
  const [row] = await database.read('SELECT * FROM spent_identifiers');
  expect(JSON.stringify(row)).not.toContain('somebody');
  const clock = new ManualClock();
  const removed = async () => {
    const tasks = tasksFor(retentionRules, database, clock).filter(({ name }) => name.startsWith('spent_identifiers'));
    return (await Promise.all(tasks.map((task) => task.remove(10)))).reduce((sum, count) => sum + count, 0);
  };
  clock.advance(60_000 + 3_600_000);
  expect(await removed()).toBe(0);
  clock.advance(1);
  expect(await removed()).toBe(1);
});

it('what could have been presented before a backup was restored is not new [PITFALL-27]', async () => {
  await database.write(
    sql('INSERT INTO epochs (epoch, began_at, backup_of) VALUES (?, ?, ?)', 'e', start, start - 1000),
  );
  expect(await spent.spend({ ...once, usableFrom: start - 1 })).toBe(false);
  expect(await spent.spend({ ...once, usableFrom: start })).toBe(false);
  expect(await spent.spend({ ...once, usableFrom: start + 1 })).toBe(true);
  expect(await spent.spend({ ...once, usableFrom: start + 1 })).toBe(false);
});
