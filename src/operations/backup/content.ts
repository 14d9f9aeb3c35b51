import type { FileHandle } from 'node:fs/promises';
import * as z from 'zod';
import type { SqlValue } from '../../core/database.ts';
import { BackupError } from './backup-error.ts';
import { type BackupSecret, openContainer } from './container.ts';
import { RowDigest } from './row-digest.ts';

const name = z.string().regex(/^[a-z_]+$/);

const manifestLine = z.object({
  backup: z.literal(1),
  createdAt: z.number(),
  migrations: z.array(z.object({ id: z.string(), checksum: z.string() })),
  leftOut: z.record(z.string(), z.number()),
});

const tableLine = z.object({ table: name, columns: z.array(name).min(1) });
const rowLine = z.array(z.union([z.string(), z.number(), z.null()]));
const tableEndLine = z.object({ rows: z.number(), digest: z.string() });
const endLine = z.object({ end: z.literal(true), tables: z.number() });

/** What a backup is of. */
export type Manifest = Readonly<z.output<typeof manifestLine>>;

/** How many rows of a table are in a backup, and the sum of their hashes. */
export interface TableSummary {
  readonly table: string;
  readonly rows: number;
  readonly digest: string;
}

export interface BackupContent {
  readonly manifest: Manifest;
  readonly tables: readonly TableSummary[];
}

/** Is told what a backup holds, in its order. */
export interface ContentVisitor {
  manifest?(manifest: Manifest): void | Promise<void>;
  row?(table: string, columns: readonly string[], values: readonly SqlValue[]): void | Promise<void>;
  /** After the last row of a table. */
  table?(summary: TableSummary): void | Promise<void>;
}

// The longest rows are clients, of which one registers at most a few kilobytes.
const longestLine = 16 * 1024 * 1024;

/**
 * Reads a whole backup and checks it: every chunk, the number of rows of each table and their hashes, and its end.
 * @throws BackupError where it is not as it was written, or the secret is another one
 */
export async function readContent(
  file: FileHandle,
  secret: BackupSecret,
  visitor: ContentVisitor = {},
): Promise<BackupContent> {
  const lines = linesOf(openContainer(file, secret));
  const manifest = parsed(manifestLine, await nextOf(lines));
  await visitor.manifest?.(manifest);
  const tables: TableSummary[] = [];
  for (;;) {
    const line = await nextOf(lines);
    const end = endLine.safeParse(line);
    if (end.success) {
      if (end.data.tables !== tables.length || !(await lines.next()).done) throw malformed();
      return { manifest, tables };
    }
    const summary = await readTable(parsed(tableLine, line), lines, visitor);
    await visitor.table?.(summary);
    tables.push(summary);
  }
}

async function readTable(
  { table, columns }: z.output<typeof tableLine>,
  lines: AsyncGenerator<unknown>,
  visitor: ContentVisitor,
): Promise<TableSummary> {
  const digest = new RowDigest();
  for (;;) {
    const line = await nextOf(lines);
    if (!Array.isArray(line)) {
      const { rows, digest: expected } = parsed(tableEndLine, line);
      if (rows !== digest.count || expected !== String(digest)) throw malformed();
      return { table, rows, digest: expected };
    }
    const values = parsed(rowLine, line);
    if (values.length !== columns.length) throw malformed();
    digest.add(values);
    await visitor.row?.(table, columns, values);
  }
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, start)) {
      yield lineOf(rest.toString('utf8', start, end));
      start = end + 1;
    }
    rest = rest.subarray(start);
    if (rest.length > longestLine) throw malformed();
  }
  if (rest.length > 0) throw malformed();
}

function lineOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed();
  }
}

async function nextOf(lines: AsyncGenerator<unknown>): Promise<unknown> {
  const { done, value } = await lines.next();
  if (done === true) throw malformed();
  return value;
}

function parsed<Schema extends z.ZodType>(schema: Schema, line: unknown): z.output<Schema> {
  const result = schema.safeParse(line);
  if (!result.success) throw malformed();
  return result.data;
}

function malformed(): BackupError {
  return new BackupError('damaged', 'the backup holds something else than it says: it was not made by this program');
}

/** How many rows a backup holds. */
export function writtenRows({ tables }: BackupContent): number {
  return tables.reduce((sum, { rows }) => sum + rows, 0);
}
