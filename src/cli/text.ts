import type { Style } from './terminal.ts';

const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;
const zeroWidth = /^(?:\p{M}|\u200c|\u200d|\ufe0e|\ufe0f)$/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences that colours are made of
const escapes = /\u001b\[[\d;]*m/g;

/** How many columns of a terminal a text fills. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text.replace(escapes, '')) {
    if (!zeroWidth.test(character)) width += wide.test(character) ? 2 : 1;
  }
  return width;
}

export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Rows under their headings, columns as wide as what is in them. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], style: Style): string {
  const widths = headings.map((heading, column) =>
    Math.max(widthOf(heading), ...rows.map((row) => widthOf(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : padded(cell, widths[column] ?? 0)))
      .join('   ')
      .trimEnd();
  return `${[style('dim', line(headings)), ...rows.map(line)].join('\n')}\n`;
}

/** Names with what they mean in a column beside them, broken at the width of the terminal. */
export function definitions(entries: readonly (readonly [term: string, meaning: string])[], columns = 100): string {
  const indent = 2;
  const left = Math.min(34, Math.max(0, ...entries.map(([term]) => widthOf(term)))) + 2;
  const lines = entries.flatMap(([term, meaning]) => {
    const [first = '', ...others] = wrapped(meaning, Math.max(30, Math.min(columns, 110) - indent - left));
    const margin = ' '.repeat(indent + left);
    const head =
      widthOf(term) + 2 > left
        ? [`${' '.repeat(indent)}${term}`, `${margin}${first}`]
        : [`${' '.repeat(indent)}${padded(term, left)}${first}`];
    return [...head, ...others.map((line) => margin + line)];
  });
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

/** Breaks a text into lines between words. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A moment for tables: day and minute in UTC. */
export function momentText(at: number | undefined): string {
  return at === undefined ? 'never' : new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}

/** A moment for programs. */
export function momentJson(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}

/** "1 grant", "2 grants". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
