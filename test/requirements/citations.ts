import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One requirement id at the end of a test's title. */
export interface Citation {
  readonly id: string;
  /** Path from the repository's root, with forward slashes. */
  readonly file: string;
}

const searched = ['test/**/*.ts', 'src/**/*.test.ts', 'src/testing/**/*.ts'];
const notTests = ['test/requirements.ts', 'test/requirements/**'];

// `[CASE-61, OAUTH21-42]` right before the quote that ends a string. What begins like an id is one, however it goes on,
// so that a mistyped id is reported instead of overlooked.
const citationGroup = /\[((?:CASE|PITFALL|CIMD|MCP|OAUTH\d*|RFC\s?\d+)-[^\][\n]*)\](?=['"`])/g;

/** The ids that a source text cites in titles, in their order. */
export function citedIds(source: string): string[] {
  return [...source.matchAll(citationGroup)].flatMap(([, group = '']) => group.split(',').map((id) => id.trim()));
}

/**
 * Every citation in the tests and in the acceptance suite that `portcullis/testing` exports, sorted by file.
 * @param root the repository's root directory
 */
export function findCitations(root: string): Citation[] {
  return globSync(searched, { cwd: root, exclude: notTests })
    .map((file) => file.replaceAll('\\', '/'))
    .sort()
    .flatMap((file) => citedIds(readFileSync(join(root, file), 'utf8')).map((id) => ({ id, file })));
}
