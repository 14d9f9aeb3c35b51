import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDocument, root, tableRows } from './documents.ts';

const files = readdirSync(join(root, 'docs/adr'))
  .filter((name) => /^\d{4}-/.test(name))
  .sort();

test('decisions are numbered without a gap', () => {
  expect(files.map((name) => Number(name.slice(0, 4)))).toEqual(files.map((_, index) => index + 1));
});

test('every decision is in the index', () => {
  const listed = tableRows(readDocument('docs/adr/README.md'), 'no.').map(
    ([link = '']) => /\(([^)]+)\)/.exec(link)?.[1],
  );
  expect(listed).toEqual(files);
});

test('every decision says what was decided and what was rejected, on one page', () => {
  const lacking = files.filter((name) => {
    const { text, anchors } = readDocument(`docs/adr/${name}`);
    return (
      !['context', 'decision', 'consequences', 'rejected'].every((heading) => anchors.has(heading)) ||
      text.split('\n').length > 80
    );
  });
  expect(lacking).toEqual([]);
});
