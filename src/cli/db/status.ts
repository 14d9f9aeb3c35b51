import { existsSync } from 'node:fs';
import { allMigrations, schemaRelease } from '../../portcullis/migrations.ts';
import { databaseFile, databaseLabel, openDatabase } from '../../storage/open.ts';
import { type SchemaStatus, schemaStatus } from '../../storage/schema-status.ts';
import { defineCommand } from '../command.ts';
import { databaseShown } from '../database-shown.ts';
import { CommandError } from '../failures.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { definitions, momentJson, momentText } from '../text.ts';

export const dbStatus = defineCommand({
  name: 'db status',
  summary: 'Show the schema of the database.',
  details:
    'Says which changes of the schema the database has had, which ones this version would make at its start, and which ones it does not know, because a newer version made them.',
  flags: dataFlags,
  async run({ flags, terminal }) {
    const setting = configFor(flags, terminal).portcullis.database;
    const file = databaseFile(setting);
    if (file !== undefined && !existsSync(file)) {
      throw new CommandError(
        'usage',
        `there is no database ${databaseShown(setting)}`,
        'name the data directory of the server with --data, or make it: portcullis db migrate',
      );
    }
    const database = await openDatabase(setting);
    try {
      const status = await schemaStatus(database, allMigrations, schemaRelease);
      const last = status.applied.at(-1);
      return {
        json: {
          database: databaseLabel(setting),
          state: status.state,
          version: status.version ?? null,
          versionOfThisProgram: schemaRelease.version,
          applied: status.applied.map(({ id, appliedAt }) => ({ id, appliedAt: momentJson(appliedAt) })),
          pending: status.pending,
          unknown: status.unknown,
        },
        text: definitions(
          [
            ['database', databaseShown(setting)],
            ['state', words[status.state]],
            ['schema version', `${status.version ?? 'none'}; this program's is ${schemaRelease.version}`],
            ['changes made', String(status.applied.length)],
            ...(last === undefined
              ? []
              : ([['the last one', `${last.id}, ${momentText(last.appliedAt)} UTC`]] as [string, string][])),
            ['to be made', listed(status.pending)],
            ['unknown', listed(status.unknown)],
          ],
          terminal.columns,
        ),
      };
    } finally {
      await database.close();
    }
  },
});

const words: Readonly<Record<SchemaStatus['state'], string>> = {
  current: 'up to date',
  pending: 'changes are to be made: at the next start, or with portcullis db migrate',
  newer: 'made newer by a later version, which says that this one may go on beside it',
  incompatible: 'this version cannot use it: run the one that made it',
};

function listed(ids: readonly string[]): string {
  return ids.length === 0 ? 'none' : ids.join(', ');
}
