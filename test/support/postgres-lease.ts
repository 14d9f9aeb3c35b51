import pg from 'pg';
import { onTestFinished } from 'vitest';
import { allMigrations } from '../../src/portcullis/migrations.ts';
import { migrate } from '../../src/storage/migrations.ts';
import { openPostgres } from '../../src/storage/postgres.ts';

/** Of the advisory locks that say which database is in use. */
const lockSpace = 7_264_003;
const mostDatabases = 200;

let control: Promise<pg.Client> | undefined;
let turn: Promise<unknown> = Promise.resolve();
const held = new Set<number>();

/** The address of the server's database of that name. */
function addressOf(name: string): string {
  const url = new URL(process.env['PORTCULLIS_TEST_POSTGRES'] ?? '');
  url.pathname = `/${name}`;
  url.searchParams.set('pool_size', '4');
  return url.href;
}

async function connect(address = process.env['PORTCULLIS_TEST_POSTGRES']): Promise<pg.Client> {
  if (address === undefined) throw new Error('there is no PostgreSQL: run the tests with their global set-up');
  const client = new pg.Client({ connectionString: address });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** A database that no other test uses, with the whole schema and no rows. They are used again: making one takes long. */
export function leasePostgres(): Promise<{ readonly url: string; release(): Promise<void> }> {
  const leased = turn.then(lease);
  turn = leased.catch(() => {});
  return leased;
}

async function lease() {
  control ??= connect();
  const client = await control;
  for (let number = 1; number <= mostDatabases; number += 1) {
    // The same session would get the same lock again.
    if (held.has(number)) continue;
    const { rows } = await client.query('SELECT pg_try_advisory_lock($1, $2) AS mine', [lockSpace, number]);
    if (rows[0]?.mine !== true) continue;
    held.add(number);
    const url = addressOf(await cleanDatabase(client, number));
    let released = false;
    const release = async () => {
      if (released) return;
      released = true;
      await client.query('SELECT pg_advisory_unlock($1, $2)', [lockSpace, number]);
      held.delete(number);
    };
    return { url, release };
  }
  throw new Error(`${mostDatabases} databases are in use`);
}

/** Connections for emptying, by the number of their database. */
const cleaners = new Map<number, pg.Client>();

async function cleanDatabase(client: pg.Client, number: number): Promise<string> {
  const name = `portcullis_test_${number}`;
  const cleaner = cleaners.get(number) ?? (await openCleaner(client, number, name));
  // Whatever an earlier test left running.
  const others =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'portcullis'";
  await cleaner.query(others, [name]);
  await cleaner.query(emptyTables);
  return name;
}

const emptyTables = `DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('schema_migrations', 'schema_versions') LOOP
    EXECUTE format('DELETE FROM %I', name);
  END LOOP; END $$`;

async function openCleaner(client: pg.Client, number: number, name: string): Promise<pg.Client> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  const database = await openPostgres(addressOf(name));
  await migrate(database, allMigrations);
  await database.close();
  const url = new URL(addressOf(name));
  url.search = '';
  const cleaner = await connect(url.href);
  cleaners.set(number, cleaner);
  return cleaner;
}

/** Makes an empty database for one test, and drops it afterwards. */
export async function newPostgresDatabase(): Promise<string> {
  control ??= connect();
  const client = await control;
  const name = `portcullis_new_${process.pid}_${++made}`;
  await client.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  onTestFinished(() => client.query(`DROP DATABASE ${name} WITH (FORCE)`).then(() => {}));
  return addressOf(name);
}

let made = 0;

/** Runs any SQL in the database at an address. */
export async function runAsOwner(address: string, text: string): Promise<void> {
  const url = new URL(address);
  url.search = '';
  const client = await connect(url.href);
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
