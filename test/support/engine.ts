import { onTestFinished } from 'vitest';
import { leasePostgres } from './postgres-lease.ts';

/** The engine that this run of a test is on: most of them run on both (`vitest.config.ts`). */
export const engine = process.env['PORTCULLIS_TEST_ENGINE'] === 'postgres' ? 'postgres' : 'sqlite';

/** What `Portcullis.open` is told of a database. */
export interface DatabaseSettings {
  readonly database: string;
  readonly masterKey?: string;
}

/** A database that nobody else uses until it is released. */
export interface LeasedDatabase {
  readonly settings: DatabaseSettings;
  release(): Promise<void>;
}

/** An empty database with the whole schema, or one in memory that will get it. */
export async function leaseDatabase(path = ':memory:'): Promise<LeasedDatabase> {
  if (engine === 'sqlite') return { settings: { database: path }, release: async () => {} };
  const { url, release } = await leasePostgres();
  return { settings: { database: url, masterKey: 'k'.repeat(43) }, release };
}

/** The same until the test ends; where no test runs, until the process does. @param path where it is a file of SQLite */
export async function testDatabase(path?: string): Promise<DatabaseSettings> {
  const { settings, release } = await leaseDatabase(path);
  try {
    onTestFinished(release);
  } catch {
    // For all tests of the file.
  }
  return settings;
}
