import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** A fenced block of code. The words after its language say what the tests do with it. */
export interface CodeBlock {
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
  /** Path from the repository's root. */
  readonly document: string;
  /** Line of its first line of code. */
  readonly line: number;
}

export interface Link {
  readonly target: string;
  readonly document: string;
  readonly line: number;
}

/** A document for people, in Markdown. */
export interface Document {
  /** Path from the repository's root. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
  readonly links: readonly Link[];
  /** What a link to a heading of it may end with. */
  readonly anchors: ReadonlySet<string>;
}

const places = ['*.md', 'docs/**/*.md', '.github/**/*.md'];

/** Every document of the repository. */
export function readDocuments(): readonly Document[] {
  return globSync(places, { cwd: root }).map(portable).sort().map(readDocument);
}

/** @param path from the repository's root */
export function readDocument(path: string): Document {
  const text = readFileSync(join(root, path), 'utf8');
  const blocks: CodeBlock[] = [];
  const links: Link[] = [];
  const headings: string[] = [];
  let open: { fence: string; info: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^ *(```+|~~~+)(.*)$/.exec(line);
    if (open !== undefined) {
      if (fence?.[1] === open.fence && fence[2]?.trim() === '') {
        blocks.push(blockOf(open, path));
        open = undefined;
      } else open.lines.push(line);
    } else if (fence !== null) {
      open = { fence: fence[1] ?? '', info: (fence[2] ?? '').trim(), line: index + 2, lines: [] };
    } else {
      const heading = /^#{1,6} +(.*?)\s*$/.exec(line)?.[1];
      if (heading !== undefined) headings.push(heading);
      for (const [, target = ''] of line.replace(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g))
        links.push({ target, document: path, line: index + 1 });
    }
  }
  if (open !== undefined) throw new Error(`${path}:${open.line - 1} begins a block of code that does not end`);
  return { path, text, blocks, links, anchors: anchorsOf(headings) };
}

/** The cells of every row of the document's tables whose header begins with `first`, without the header. */
export function tableRows({ text, path }: Document, first: string): readonly (readonly string[])[] {
  const lines = text.split('\n');
  const rows = lines.flatMap((line, index) => {
    if (!line.startsWith(`| ${first} |`)) return [];
    const rest = lines.slice(index + 2);
    const end = rest.findIndex((row) => !row.startsWith('|'));
    return rest.slice(0, end === -1 ? undefined : end);
  });
  if (rows.length === 0) throw new Error(`${path} has no table that begins with '${first}'`);
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

function blockOf(open: { info: string; line: number; lines: string[] }, document: string): CodeBlock {
  const [language = '', ...words] = open.info.split(/\s+/);
  return { language, words, text: `${open.lines.join('\n')}\n`, document, line: open.line };
}

// GitHub's anchors: lower case, spaces to hyphens, other punctuation dropped, a number where a heading repeats.
function anchorsOf(headings: readonly string[]): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const heading of headings) {
    const plain = heading.replace(/\]\([^)]*\)/g, '').toLowerCase();
    const base = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
    let anchor = base;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${base}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

function portable(path: string): string {
  return path.replaceAll('\\', '/');
}
