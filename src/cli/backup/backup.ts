import { resolve } from 'node:path';
import { type BackupContent, writtenRows } from '../../operations/backup/content.ts';
import { writeBackup } from '../../operations/backup/write-backup.ts';
import { allMigrations } from '../../portcullis/migrations.ts';
import { openTransaction } from '../../storage/transaction.ts';
import { defineCommand } from '../command.ts';
import { databaseShown } from '../database-shown.ts';
import { withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { counted, momentJson } from '../text.ts';
import { secretFlags, secretForBackup } from './backup-secret.ts';
import { rowProgress } from './progress.ts';

export const backupCommand = defineCommand({
  name: 'backup',
  summary: 'Write an encrypted backup, online.',
  details:
    'Works beside a running server. Writes users, external identities, clients and imported documents, as they are at one moment, into one new file that its owner alone can read. The file is read again and compared before it gets its name. It is encrypted with a passphrase, or with a key file, which is made where there is none. Neither can be recovered: keep it apart from the backup. Tokens, sessions, consents and keys are not in it, so that restoring brings nothing back that was revoked: users sign in and allow their apps again. Configuration, certificates and the master key are not in it either; a restored server does not need the old master key.',
  positionals: { file: { description: 'The file to write; it must not be there yet.' } },
  flags: { ...secretFlags, ...dataFlags },
  examples: ['portcullis backup portcullis-2026-11-25.backup --key-file /safe/backup.key'],
  async run({ positionals, flags, json, terminal }) {
    const config = configFor(flags, terminal);
    const path = resolve(terminal.directory, positionals.file);
    return withPortcullis(config, async (portcullis) => {
      const secret = await secretForBackup(flags, terminal);
      const snapshot = await openTransaction(config.portcullis.database, 'snapshot');
      try {
        const { clock, random } = portcullis;
        const onProgress = rowProgress(terminal, json, 'backed up');
        const written = await writeBackup(snapshot, path, {
          secret,
          migrations: allMigrations,
          clock,
          random,
          onProgress,
        });
        portcullis.report({
          name: 'backup.written',
          reason: `${writtenRows(written)} rows of ${databaseShown(config.portcullis.database)}`,
        });
        return { json: told(written, path), text: text(written, path) };
      } finally {
        await snapshot.undo();
      }
    });
  },
});

type Written = BackupContent & { readonly size: number };

function told({ manifest, tables, size }: Written, file: string) {
  return {
    file,
    size,
    createdAt: momentJson(manifest.createdAt),
    rows: Object.fromEntries(tables.map(({ table, rows }) => [table, rows])),
    leftOut: manifest.leftOut,
    verified: true,
  };
}

function text({ tables, size }: Written, file: string): string {
  const rows = tables.map((table) => `${table.table} ${table.rows}`).join(', ');
  return `Wrote ${file} (${counted(size, 'byte')}), read it again, and it holds what was written: ${rows}.\nKeep its passphrase or key file apart from it: nobody can restore it without.\n`;
}
