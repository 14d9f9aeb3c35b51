import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { conformancePage, renderConformance, uncitedRequirements } from '../../scripts/conformance.ts';
import { citedIds, findCitations } from '../requirements/citations.ts';
import { requirements } from '../requirements.ts';

const root = join(import.meta.dirname, '../..');
const citations = findCitations(root);
const ids = requirements.map(({ id }) => id);

describe('the list of requirements', () => {
  it('has no id twice', () => {
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it('spells every id as its source, a hyphen and two digits', () => {
    expect(
      ids.filter(
        (id) => !/^(CASE|PITFALL|OAUTH21|CIMD|RFC\d{4}|MCP-(AUTH|DISC|REG|SEC|BP|HTTP|CC|EMA))-\d{2}$/.test(id),
      ),
    ).toEqual([]);
  });

  it('holds all ninety protocol cases and all thirty-six pitfalls', () => {
    expect(ids.filter((id) => id.startsWith('CASE-'))).toEqual(numbered('CASE', 90));
    expect(ids.filter((id) => id.startsWith('PITFALL-'))).toEqual(numbered('PITFALL', 36));
  });

  it('says everything in one sentence that can stand in a table', () => {
    expect(requirements.filter(({ text }) => !/^[^\n]{10,240}\.$/.test(text)).map(({ id }) => id)).toEqual([]);
  });

  it('puts nothing off that the security documents ask for', () => {
    const sources = ['RFC 9700', 'OAuth 2.1', 'MCP best practices', 'MCP security'];
    const answers = requirements
      .filter(({ source }) => sources.includes(source))
      .map(({ id, answer }) => ({ id, answer }));
    expect(answers.length).toBeGreaterThan(150);
    expect(answers.filter(({ answer }) => typeof answer === 'object' && 'later' in answer)).toEqual([]);
  });

  it('gives a reason wherever a requirement is not met', () => {
    const reasons = requirements.flatMap(({ id, answer }) =>
      answer === 'met' ? [] : [[id, ...Object.values(answer)]],
    );
    expect(reasons.filter(([, reason = '']) => !/^[^\n]{20,}\.$/.test(reason))).toEqual([]);
  });
});

describe('tests and requirements', () => {
  it('every requirement that is met is cited by a test [MCP-SEC-02]', () => {
    const uncited = uncitedRequirements(citations).map(({ id, text }) => `${id}: ${text}`);
    expect(uncited.join('\n')).toBe('');
  });

  it('every cited id is that of a requirement', () => {
    const known = new Set(ids);
    expect(citations.filter(({ id }) => !known.has(id))).toEqual([]);
  });

  it('docs/conformance.md is what npm run conformance writes', () => {
    const written = readFileSync(join(root, conformancePage), 'utf8');
    expect(written === renderConformance(citations), `${conformancePage} is out of date: run npm run conformance`).toBe(
      true,
    );
  });
});

describe('the scanner', () => {
  const group = (text: string) => `[${text}]`;

  it('reads the ids at the end of a title, whatever the quotes', () => {
    const ends = [
      `it('a ${group('CASE-61, OAUTH21-42')}', run)`,
      `it("b ${group('MCP-AUTH-01')}", run)`,
      `it(\`c ${group('PITFALL-03')}\`, run)`,
    ];
    expect(citedIds(ends.join('\n'))).toEqual(['CASE-61', 'OAUTH21-42', 'MCP-AUTH-01', 'PITFALL-03']);
  });

  it('keeps a mistyped id, so that it is reported', () => {
    expect(citedIds(`it('a ${group('CASE-1, CASE-02 and RFC7636')}', run)`)).toEqual(['CASE-1', 'CASE-02 and RFC7636']);
  });

  it('leaves array literals and other brackets alone', () => {
    expect(citedIds(`const list = ${group("'CASE-01'")}; const host = '${group('::1')}';`)).toEqual([]);
  });
});

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${String(index + 1).padStart(2, '0')}`);
}
