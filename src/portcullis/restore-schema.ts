import type { Migration } from '../core/database.ts';
import { BackupError } from '../operations/backup/backup-error.ts';
import { migrate } from '../storage/migrations.ts';
import { openDatabase } from '../storage/open.ts';

/**
 * Gives an empty database the schema that a backup was made under, so that later migrations run over its rows.
 * @throws BackupError where the database has a later schema
 */
export async function migrateTo(url: string, migrations: readonly Migration[]): Promise<void> {
  const database = await openDatabase(url);
  try {
    await migrate(database, migrations);
  } catch (error) {
    const [row] = await database.read('SELECT count(*) AS n FROM schema_migrations');
    if (Number(row?.['n']) <= migrations.length) throw error;
    throw new BackupError(
      'unsupported',
      'the database has a later schema than the backup',
      'restore to a new database: it is brought up to date afterwards',
    );
  } finally {
    await database.close();
  }
}
