import { describe, expect, test } from 'vitest';
import { configurationPage, withReference } from '../../scripts/config-reference.ts';
import { parseWith } from '../../src/portcullis/config.ts';
import { serveSchema } from '../../src/portcullis/serve-config.ts';
import { readDocument, readDocuments } from './documents.ts';

test('the configuration reference is what npm run config-reference writes', () => {
  const { text } = readDocument(configurationPage);
  expect(text === withReference(text), `${configurationPage} is out of date: run npm run config-reference`).toBe(true);
});

test('every setting has a description', () => {
  const rows = readDocument(configurationPage)
    .text.split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.filter((row) => row.endsWith('|  |'))).toEqual([]);
});

describe('configuration files in the documents', () => {
  const files = readDocuments().flatMap(({ blocks }) => blocks.filter(({ words }) => words[0] === 'portcullis.json'));

  test.for(files.map((block): [string, string] => [`${block.document}:${block.line}`, block.text]))(
    '%s is valid',
    ([, text]) => {
      expect(() => parseWith(serveSchema, JSON.parse(text))).not.toThrow();
    },
  );
});
