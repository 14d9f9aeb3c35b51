import type { Terminal } from '../terminal.ts';

const step = 20_000;

/** Tells of long work on standard error, every 20000 rows; nothing where the answer is for a program. */
export function rowProgress(terminal: Terminal, json: boolean, verb: string): (table: string, rows: number) => void {
  let told = 0;
  return (table, rows) => {
    if (rows < told) told = 0;
    if (json || rows - told < step) return;
    told = rows;
    terminal.err(`${verb} ${table}: ${rows} rows\n`);
  };
}
