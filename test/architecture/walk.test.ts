import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readDocument, root } from '../docs/documents.ts';
import { foldersOf, measureWalks, type Walks } from './walk/walk.ts';

const architecture = readDocument('docs/architecture.md');
const [, walk = ''] = architecture.text.split(/^## /m).filter((section) => !section.startsWith('The rooms'));
let walks: Walks;

beforeAll(async () => {
  walks = await measureWalks();
});

/** The files that a text names, below `src/`. */
function named(text: string): readonly string[] {
  return [...text.matchAll(/`(?:src\/)?([a-z][\w./-]*\.ts)`/g)].map(([, file = '']) => file);
}

/** What the document tells of one kind of request: from where it is named up to the next one. */
function told(request: string): readonly string[] {
  const [, section = ''] = walk.split(`\n\`${request}\`: `);
  return named(section.split(/\n`(?:GET|POST) |\nThen |\nThe test /)[0] ?? '');
}

function ran(request: string): readonly string[] {
  return (walks[request] ?? []).map(({ file }) => file);
}

describe('the architecture document', () => {
  test('names only files and folders that exist', () => {
    const folders = [...architecture.text.matchAll(/`(src\/[\w/-]+)`/g)].map(([, folder = '']) => folder);
    const files = named(architecture.text).map((file) => (file.startsWith('test/') ? file : `src/${file}`));
    expect([...folders, ...files].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test.for(['GET /authorize', 'POST /consent', 'POST /token'])('tells of %s what really runs', (request) => {
    expect(told(request).length).toBeGreaterThan(5);
    expect(
      told(request).filter((file) => !ran(request).includes(file)),
      `${request} no longer passes these: change the walk in docs/architecture.md`,
    ).toEqual([]);
  });

  test('tells of the door that every request comes in and goes out by', () => {
    const door = named(walk.split('\n`GET /authorize`: ')[0] ?? '');
    for (const request of Object.keys(walks)) expect(ran(request), request).toEqual(expect.arrayContaining([...door]));
  });

  test('leaves out no file in which a redemption waits', () => {
    const known = new Set(named(walk));
    const waits = (walks['POST /token'] ?? []).filter((passed) => passed.waits && !passed.file.startsWith('core/'));
    expect(waits.map(({ file }) => file).filter((file) => !known.has(file))).toEqual([]);
  });
});

describe('the redemption of a code, from the socket to the commit and back', () => {
  test('waits in at most 16 files of 6 folders, core/ apart', () => {
    const files = (walks['POST /token'] ?? [])
      .filter(({ file, waits }) => waits && !file.startsWith('core/'))
      .map(({ file }) => file);
    expect(files.length, files.join('\n')).toBeLessThanOrEqual(16);
    expect(foldersOf(files).length, foldersOf(files).join('\n')).toBeLessThanOrEqual(6);
    expect(files).toEqual(expect.arrayContaining(['hosts/node-handler.ts', 'storage/group-commit.ts']));
  });

  test('runs 9 files of the protocol in 2 folders, its stores apart', () => {
    const files = ran('POST /token').filter((file) => file.startsWith('oauth/') && !file.endsWith('store.ts'));
    expect(files.length, files.join('\n')).toBeLessThanOrEqual(9);
    expect(foldersOf(files)).toEqual(['oauth/authorization-code', 'oauth/token']);
  });

  test('runs functions of at most 42 files, core/ and what it only asks in passing included', () => {
    expect(ran('POST /token').length, ran('POST /token').join('\n')).toBeLessThanOrEqual(42);
  });
});
