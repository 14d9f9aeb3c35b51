import { type FileHandle, link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { Migration, SqlValue } from '../../core/database.ts';
import { type Random, randomId } from '../../core/random.ts';
import { checksumOf } from '../../storage/migrations.ts';
import { type LongTransaction, pagesOf } from '../../storage/transaction.ts';
import { BackupError } from './backup-error.ts';
import { type BackupSecret, ContainerWriter } from './container.ts';
import { type BackupContent, type Manifest, readContent, type TableSummary } from './content.ts';
import { RowDigest } from './row-digest.ts';
import { isCopied, tablesOf } from './tables.ts';

export interface BackupOptions {
  readonly secret: BackupSecret;
  readonly migrations: readonly Migration[];
  readonly clock: Clock;
  readonly random: Random;
  /** Is told after each page of rows. */
  readonly onProgress: (table: string, rows: number) => void;
}

/**
 * Writes what a snapshot holds into one new file, readable by its owner only, reads that again and compares. The file has its
 * name only when all of this is done.
 * @throws BackupError where the file is there already, cannot be written, or does not hold what was written
 */
export async function writeBackup(
  snapshot: LongTransaction,
  path: string,
  options: BackupOptions,
): Promise<BackupContent & { readonly size: number }> {
  const unfinished = `${path}.${randomId(options.random)}.unfinished`;
  try {
    const file = await open(unfinished, 'wx+', 0o600);
    try {
      const writer = await ContainerWriter.begin(file, options.secret, options.random);
      const written = await writeContent(snapshot, writer, options);
      await writer.finish();
      await file.sync();
      const read = await readContent(file, options.secret);
      if (JSON.stringify(read) !== JSON.stringify(written))
        throw new BackupError('file', `${path} does not hold what was written to it`, 'check the disk, and try again');
      await nameIt(unfinished, path);
      return { ...written, size: writer.size };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof Error && 'syscall' in error
      ? new BackupError('file', `the backup cannot be written: ${error.message}`, `is there space in ${dirname(path)}?`)
      : error;
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function writeContent(
  snapshot: LongTransaction,
  writer: ContainerWriter,
  { migrations, clock, onProgress }: BackupOptions,
): Promise<BackupContent> {
  const line = (value: unknown) => writer.write(`${JSON.stringify(value)}\n`);
  const all = tablesOf(migrations);
  const manifest: Manifest = {
    backup: 1,
    createdAt: clock.now(),
    migrations: migrations.map((migration) => ({ id: migration.id, checksum: checksumOf(migration) })),
    leftOut: await countsOf(
      snapshot,
      all.filter((table) => !isCopied(table)),
    ),
  };
  await line(manifest);
  const tables: TableSummary[] = [];
  for (const table of all.filter(isCopied)) {
    const shape = await snapshot.shapeOf(table);
    if (shape === undefined) throw new BackupError('unsupported', `the database has no table ${table}`);
    await line({ table, columns: shape.columns });
    const digest = new RowDigest();
    for await (const page of pagesOf(snapshot, table, shape)) {
      for (const row of page) {
        const values = shape.columns.map((column): SqlValue => row[column] ?? null);
        digest.add(values);
        await line(values);
      }
      onProgress(table, digest.count);
    }
    const summary = { rows: digest.count, digest: String(digest) };
    await line(summary);
    tables.push({ table, ...summary });
  }
  await line({ end: true, tables: tables.length });
  return { manifest, tables };
}

async function countsOf(snapshot: LongTransaction, tables: readonly string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of tables) {
    const [row] = await snapshot.read(`SELECT count(*) AS n FROM ${table}`);
    counts[table] = Number(row?.['n']);
  }
  return counts;
}

// A link never takes the place of what has the name already.
async function nameIt(unfinished: string, path: string): Promise<void> {
  try {
    await link(unfinished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new BackupError('file', `${path} is there already`, 'name a file that is not there yet');
  }
  const directory: FileHandle = await open(dirname(path), 'r');
  await directory.sync().finally(() => directory.close());
}
