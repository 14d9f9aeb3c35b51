import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { systemRandom } from '../../core/random.ts';
import { BackupError } from '../../operations/backup/backup-error.ts';
import { methodOf } from '../../operations/backup/container.ts';
import { type BackupContent, readContent, writtenRows } from '../../operations/backup/content.ts';
import { loadBackup, migrationsOf } from '../../operations/backup/restore-backup.ts';
import { type Findings, findingsOf } from '../../operations/backup/target.ts';
import { allMigrations } from '../../portcullis/migrations.ts';
import { migrateTo } from '../../portcullis/restore-schema.ts';
import { openTransaction } from '../../storage/transaction.ts';
import { defineCommand } from '../command.ts';
import { databaseShown } from '../database-shown.ts';
import { withNewPortcullis } from '../open.ts';
import { confirm } from '../prompt.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { counted, momentJson, momentText } from '../text.ts';
import { secretFlags, secretForRestore } from './backup-secret.ts';
import { rowProgress } from './progress.ts';
import { costs } from './restore-costs.ts';

export const restoreCommand = defineCommand({
  name: 'restore',
  summary: 'Restore a backup, and begin a new epoch.',
  details:
    'Stop every server of this database first, and start them afterwards. The file is verified as a whole before anything is written; everything is then written in one transaction, or nothing. Whatever was issued before ends: everybody signs in again, apps are allowed again, clients with a secret need a new one. What was changed after the backup is lost, and the command says what that may be before it asks.',
  positionals: { file: { description: 'The backup.' } },
  flags: {
    ...secretFlags,
    replace: { description: 'Replace what is in the database; without it, the database must be empty.' },
    'keep-client-secrets': { description: 'Let client secrets live: none was replaced since the backup.' },
    yes: { description: 'Do not ask.' },
    ...dataFlags,
  },
  examples: ['portcullis restore portcullis-2026-11-25.backup --key-file /safe/backup.key --data ./restored'],
  async run({ positionals, flags, json, terminal }) {
    const config = configFor(flags, terminal);
    const { database } = config.portcullis;
    const file = await opened(resolve(terminal.directory, positionals.file));
    try {
      const secret = await secretForRestore(flags, terminal, await methodOf(file));
      const verified = await readContent(file, secret);
      const migrations = migrationsOf(verified, allMigrations);
      await migrateTo(database, migrations);
      const place = databaseShown(database);
      const keeps = flags['keep-client-secrets'] === true;
      const findings = await findingsIn(database, verified);
      if (!findings.isEmpty && flags.replace !== true) throw notEmpty(place);
      const lines = costs(verified, findings, keeps ? 'keep' : 'end');
      if (!json) terminal.err(`The backup is of ${momentText(verified.manifest.createdAt)} UTC.\n${listed(lines)}`);
      await confirm(terminal, `Restore ${writtenRows(verified)} rows to ${place}?`, flags.yes);
      const load = await openTransaction(database, 'load');
      try {
        const before = await findingsOf(load, verified.manifest.createdAt);
        if (findings.isEmpty && !before.isEmpty) throw notEmpty(place);
        const { endedSecrets } = await loadBackup(load, file, {
          secret,
          verified,
          migrations,
          clock: systemClock,
          random: systemRandom,
          clientSecrets: keeps ? 'keep' : 'end',
          onProgress: rowProgress(terminal, json, 'restored'),
        });
        await load.commit();
        const backupOf = momentJson(verified.manifest.createdAt);
        await withNewPortcullis(config.portcullis, async (portcullis) =>
          portcullis.report({ name: 'backup.restored', reason: `a new epoch begins with the backup of ${backupOf}` }),
        );
        const rows = Object.fromEntries(verified.tables.map((table) => [table.table, table.rows]));
        return {
          json: { backupOf, rows, replaced: !findings.isEmpty, endedSecrets, costs: lines },
          text: `Restored ${counted(writtenRows(verified), 'row')} to ${place}; a new epoch has begun.\n${listed(lines)}Start the servers now.\n`,
        };
      } finally {
        await load.undo();
      }
    } finally {
      await file.close();
    }
  },
});

/** Before anybody is asked, and without keeping anybody from writing. */
async function findingsIn(database: string, { manifest }: BackupContent): Promise<Findings> {
  const snapshot = await openTransaction(database, 'snapshot');
  try {
    return await findingsOf(snapshot, manifest.createdAt);
  } finally {
    await snapshot.undo();
  }
}

function notEmpty(place: string): BackupError {
  return new BackupError('not_empty', `the database ${place} is not empty`, 'name another one, or add --replace');
}

function listed(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}\n`).join('');
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw new BackupError('file', `the backup cannot be read: ${(error as Error).message}`);
  }
}
