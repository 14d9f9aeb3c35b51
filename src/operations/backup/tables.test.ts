import { expect, test } from 'vitest';
import { allMigrations } from '../../portcullis/migrations.ts';
import { backupPolicies, isCopied, tablesOf } from './tables.ts';

test('every table of the schema is either in a backup or left out for a reason, and no other is named', () => {
  const tables = tablesOf(allMigrations);
  expect(new Set(tables).size).toBe(tables.length);
  expect(Object.keys(backupPolicies).sort()).toEqual([...tables].sort());
});

test('a table that nobody decided about is an error, not left out', () => {
  expect(() => isCopied('novelties')).toThrow('novelties');
});

test('what can be spent, revoked or used up is in no backup, and neither is a key [PITFALL-27]', () => {
  expect(tablesOf(allMigrations).filter(isCopied).sort()).toEqual(
    ['client_bundles', 'client_documents', 'clients', 'external_identities', 'users'].sort(),
  );
});

test('each table comes after those that it refers to', () => {
  const tables = tablesOf(allMigrations);
  for (const { statements } of allMigrations) {
    for (const text of statements) {
      const table = /^\s*(?:CREATE|ALTER) TABLE (\w+)/.exec(text)?.[1] ?? '';
      for (const [, referred = ''] of text.matchAll(/REFERENCES (\w+)/g)) {
        expect(tables.indexOf(referred), `${table} → ${referred}`).toBeLessThanOrEqual(tables.indexOf(table));
      }
    }
  }
});
