import { readFileSync } from 'node:fs';

/** What one run says of one capability: numbers of mutants. */
export interface Row {
  readonly name: string;
  readonly killed: number;
  readonly survived: number;
  readonly withoutCoverage: number;
  /** Sentences for people, which are not judged. */
  readonly ignored: number;
}

interface Mutant {
  readonly status: string;
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly location: { readonly start: Position; readonly end: Position };
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** The part of the mutation testing report schema that is read here. */
interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

export function readRow(name: string, path: string): Row {
  const mutants = Object.values(read(path).files).flatMap((file) => file.mutants);
  const count = (...statuses: readonly string[]) => mutants.filter(({ status }) => statuses.includes(status)).length;
  return {
    name,
    killed: count('Killed', 'Timeout'),
    survived: count('Survived'),
    withoutCoverage: count('NoCoverage'),
    ignored: count('Ignored'),
  };
}

/** Every mutant that no test noticed: its place, the line as it is, and what stood there instead. */
export function survivors(path: string): string {
  return Object.entries(read(path).files)
    .flatMap(([file, { source, mutants }]) => {
      const lines = source.split('\n');
      return mutants
        .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
        .map(({ status, mutatorName, replacement = '', location: { start } }) => {
          const shown = replacement.replaceAll(/\s+/g, ' ').slice(0, 160);
          return `${file}:${start.line}:${start.column} ${status} ${mutatorName}\n  ${lines[start.line - 1]?.trim()}\n  → ${shown}\n`;
        });
    })
    .join('');
}

/** The rows as they stand in `docs/mutation.md`. */
export function renderTable(rows: readonly Row[]): string {
  const lines = rows.map(({ name, killed, survived, withoutCoverage, ignored }) => {
    const judged = killed + survived + withoutCoverage;
    const score = judged === 0 ? '–' : `${((100 * killed) / judged).toFixed(1)} %`;
    return `| ${[name, judged, killed, survived, withoutCoverage, score, ignored].join(' | ')} |`;
  });
  return [
    '| capability | mutants | killed | survived | no coverage | score | sentences left alone |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

function read(path: string): Report {
  return JSON.parse(readFileSync(path, 'utf8')) as Report;
}
