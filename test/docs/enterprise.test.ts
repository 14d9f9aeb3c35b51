import { expect, test } from 'vitest';
import * as z from 'zod';
import { identityAssertionsSchema } from '../../src/portcullis/identity-assertions-config.ts';
import { readDocument, tableRows } from './documents.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const guide = readDocument('docs/guides/enterprise.md');
const { properties } = z.toJSONSchema(identityAssertionsSchema, { io: 'input' }) as Schema;
const issuer = properties?.['issuers']?.items?.properties ?? {};

/** The names in the first column of the table with this heading. */
function namesUnder(heading: string): string[] {
  return tableRows(guide, heading)
    .flatMap(([cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
    .sort();
}

test('the guide lists every setting of an issuer', () => {
  expect(namesUnder('member of an issuer')).toEqual(Object.keys(issuer).sort());
});

test('the guide lists everything that an issuer may do for people who are not linked', () => {
  expect(namesUnder('member of `users`')).toEqual(Object.keys(issuer['users']?.properties ?? {}).sort());
});
