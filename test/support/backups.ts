import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import type { BackupSecret } from '../../src/operations/backup/container.ts';
import { type BackupContent, readContent } from '../../src/operations/backup/content.ts';
import { loadBackup, migrationsOf } from '../../src/operations/backup/restore-backup.ts';
import { writeBackup } from '../../src/operations/backup/write-backup.ts';
import { allMigrations } from '../../src/portcullis/migrations.ts';
import { migrateTo } from '../../src/portcullis/restore-schema.ts';
import { openTransaction } from '../../src/storage/transaction.ts';

export const backupSecret: BackupSecret = { kind: 'key file', key: new Uint8Array(32).fill(3) };

/** A directory for one test. */
export function backupDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-backup-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export async function backUp(database: string, path: string, clock: Clock): Promise<BackupContent> {
  const snapshot = await openTransaction(database, 'snapshot');
  const options = {
    secret: backupSecret,
    migrations: allMigrations,
    clock,
    random: systemRandom,
    onProgress: () => {},
  };
  try {
    return await writeBackup(snapshot, path, options);
  } finally {
    await snapshot.undo();
  }
}

/** Restores as the command does, without asking. */
export async function restore(
  path: string,
  database: string,
  clock: Clock,
  clientSecrets: 'end' | 'keep' = 'end',
): Promise<{ readonly endedSecrets: number }> {
  const file = await open(path, 'r');
  try {
    const verified = await readContent(file, backupSecret);
    const migrations = migrationsOf(verified, allMigrations);
    await migrateTo(database, migrations);
    const load = await openTransaction(database, 'load');
    try {
      const outcome = await loadBackup(load, file, {
        secret: backupSecret,
        verified,
        migrations,
        clock,
        random: systemRandom,
        clientSecrets,
        onProgress: () => {},
      });
      await load.commit();
      return outcome;
    } finally {
      await load.undo();
    }
  } finally {
    await file.close();
  }
}
