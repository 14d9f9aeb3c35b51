import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import pg from 'pg';
import { postgresUrl } from '../servers/protocol.ts';

export type Row = Record<string, unknown>;

/** One prepared statement. Each run is one durable commit. */
export type Query = (...values: SQLInputValue[]) => Promise<Row[]>;

/** Where a peer keeps its rows: SQLite in a folder of its own, or a PostgreSQL database, with the durability that ours has. */
export interface Store {
  /** Ends a table that is stored in the order of its primary key, where the engine has such. */
  readonly clustered: string;
  /** @param tables each text one statement; `BIGINT` for whole numbers */
  create(...tables: string[]): Promise<void>;
  /** @param sql with `?` for each value */
  prepare(sql: string): Query;
}

export function openStore(folder: string): Store {
  const url = postgresUrl();
  return url === undefined ? sqliteStore(openDurable(folder)) : postgresStore(openPool(url));
}

/** A write-ahead log, every commit synced. */
export function openDurable(folder: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, 'peer.db'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  return database;
}

/** As many connections as ours has by default. */
export function openPool(url: string): pg.Pool {
  pg.types.setTypeParser(pg.types.builtins.INT8, Number);
  return new pg.Pool({ connectionString: url, max: 10 });
}

function sqliteStore(database: DatabaseSync): Store {
  return {
    clustered: ' WITHOUT ROWID',
    create: async (...tables) => {
      for (const table of tables) database.exec(table);
    },
    prepare(sql) {
      const statement: StatementSync = database.prepare(sql);
      return async (...values) => statement.all(...values);
    },
  };
}

function postgresStore(pool: pg.Pool): Store {
  let names = 0;
  return {
    clustered: '',
    create: async (...tables) => {
      for (const table of tables) await pool.query(table);
    },
    prepare(sql) {
      names += 1;
      let index = 0;
      const text = sql.replaceAll('?', () => {
        index += 1;
        return `$${index}`;
      });
      const name = `peer_${names}`;
      return async (...values) => (await pool.query<Row>({ name, text, values })).rows;
    },
  };
}
