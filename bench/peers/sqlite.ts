import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A peer's database with the durability that ours has: a write-ahead log, every commit synced. */
export function openDurable(folder: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, 'peer.db'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  return database;
}
