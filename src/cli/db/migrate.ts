import { systemClock } from '../../core/clock.ts';
import { allMigrations, schemaRelease } from '../../portcullis/migrations.ts';
import { migrate } from '../../storage/migrations.ts';
import { databaseLabel, openDatabase } from '../../storage/open.ts';
import { defineCommand } from '../command.ts';
import { databaseShown } from '../database-shown.ts';
import { configFor, dataFlags } from '../settings-flags.ts';

export const dbMigrate = defineCommand({
  name: 'db migrate',
  summary: 'Bring the schema of the database up to date.',
  details:
    'Does what every start does, without starting: for whoever upgrades many nodes, or lets another user of the database change its tables. Servers of the version before may go on meanwhile. Make a backup first.',
  flags: dataFlags,
  async run({ flags, terminal }) {
    const setting = configFor(flags, terminal).portcullis.database;
    const database = await openDatabase(setting);
    try {
      const applied = await migrate(database, allMigrations, systemClock, schemaRelease);
      const outcome = applied.length === 0 ? 'It was up to date.' : `Changes made: ${applied.join(', ')}.`;
      return {
        json: { database: databaseLabel(setting), applied },
        text: `The schema of ${databaseShown(setting)} is up to date. ${outcome}\n`,
      };
    } finally {
      await database.close();
    }
  },
});
