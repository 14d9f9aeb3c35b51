import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SecurityEventName } from '../../src/core/events.ts';
import { jsonLog } from '../../src/operations/logging/json-log.ts';
import { readDocument, root, tableRows } from './documents.ts';

const rows = tableRows(readDocument('docs/guides/logging.md'), 'event').map(([name = '', level = '']) => ({
  name: name.replaceAll('`', ''),
  level,
}));

/** The names of the type, which exist in its source only. */
function eventNames(): string[] {
  const source = readFileSync(join(root, 'src/core/events.ts'), 'utf8');
  const [, union = ''] = /type SecurityEventName =([^;]+);/.exec(source) ?? [];
  return [...union.matchAll(/'([^']+)'/g)].map(([, name = '']) => name);
}

function levelOf(name: string): string {
  let line = '{}';
  jsonLog(
    (written) => (line = written),
    () => 0,
  )({ name: name as SecurityEventName });
  return (JSON.parse(line) as { level: string }).level;
}

test('the guide to logging lists every event once', () => {
  expect(rows.map(({ name }) => name).sort()).toEqual(eventNames().sort());
});

test('the guide to logging gives every event the level that it is logged with', () => {
  expect(rows.filter(({ name, level }) => level !== levelOf(name))).toEqual([]);
});
