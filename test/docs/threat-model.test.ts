import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findCitations } from '../requirements/citations.ts';
import { pitfalls } from '../requirements/pitfalls.ts';
import { readDocument, root, tableRows } from './documents.ts';

interface Threat {
  readonly threat: string;
  readonly code: readonly string[];
  readonly tests: readonly string[];
  readonly pitfalls: readonly string[];
}

const model = readDocument('docs/threat-model.md');
const threats = tableRows(model, 'threat').map(
  ([threat = '', , code = '', tests = '']): Threat => ({
    threat,
    code: quoted(code),
    tests: quoted(tests),
    pitfalls: [...threat.matchAll(/\bP-(\d\d)\b/g)].map(([, number]) => `PITFALL-${number}`),
  }),
);

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);
}

function isThere(path: string): boolean {
  return existsSync(join(root, path)) || existsSync(join(root, 'src', path));
}

describe('the threat model', () => {
  test('has an answer in code and a test for every threat [MCP-SEC-01, MCP-AUTH-31]', () => {
    expect(
      threats.filter(({ code, tests }) => code.length === 0 || tests.length === 0).map(({ threat }) => threat),
    ).toEqual([]);
  });

  test('names only files that exist', () => {
    expect(threats.flatMap(({ code, tests }) => [...code, ...tests]).filter((path) => !isThere(path))).toEqual([]);
  });

  test('has a line for every pitfall that this version meets', () => {
    const covered = new Set(threats.flatMap((threat) => threat.pitfalls));
    const met = pitfalls.requirements.filter(({ answer }) => answer === 'met').map(({ id }) => id);
    expect(met.filter((id) => !covered.has(id))).toEqual([]);
  });

  test('says of every other pitfall that it is not in this version', () => {
    const open = pitfalls.requirements
      .filter(({ answer }) => answer !== 'met')
      .map(({ id }) => id.replace('PITFALL', 'P'));
    const [, section = ''] = model.text.split('## Not in this version');
    expect(open.filter((id) => !section.includes(id))).toEqual([]);
  });

  test('leaves out none of the thirty-six, and names no other', () => {
    const named = [...model.text.matchAll(/\bP-(\d\d)\b/g)].map(([, number = '']) => Number(number));
    const all = Array.from({ length: 36 }, (_, index) => index + 1);
    expect([...new Set(named)].sort((a, b) => a - b)).toEqual(all);
  });

  test('names for every pitfall a test that cites it', () => {
    const citations = findCitations(root);
    const uncited = threats.flatMap(({ pitfalls: ids, tests }) =>
      ids.filter((id) => !citations.some((citation) => citation.id === id && tests.includes(citation.file))),
    );
    expect(uncited).toEqual([]);
  });
});
