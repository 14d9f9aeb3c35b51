import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Link, readDocuments, root } from './documents.ts';

const documents = readDocuments();
const anchorsOf = new Map(documents.map(({ path, anchors }) => [path, anchors]));
const here = documents.flatMap(({ links }) => links).filter(({ target }) => !/^[a-z][a-z0-9+.-]*:/i.test(target));

function targetOf({ target, document }: Link): { readonly path: string; readonly anchor: string | undefined } {
  const [path = '', anchor] = target.split('#');
  return { path: path === '' ? document : normalize(join(dirname(document), path)).replaceAll('\\', '/'), anchor };
}

function shown({ document, line, target }: Link): string {
  return `${document}:${line} ${target}`;
}

describe('links between documents', () => {
  test('every one leads to a file', () => {
    expect(here.filter((link) => !existsSync(join(root, targetOf(link).path))).map(shown)).toEqual([]);
  });

  test('every one with an anchor leads to a heading', () => {
    const broken = here.filter((link) => {
      const { path, anchor } = targetOf(link);
      return anchor !== undefined && anchorsOf.get(path)?.has(anchor) !== true;
    });
    expect(broken.map(shown)).toEqual([]);
  });

  test('none leaves the repository', () => {
    expect(here.filter((link) => targetOf(link).path.startsWith('..')).map(shown)).toEqual([]);
  });
});

test('every picture is shown somewhere, with words for who cannot see it', () => {
  const shown = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/<img ([^>]*)>/g)].map(([, attributes = '']) => {
      expect(attributes).toMatch(/alt="[^"]{20,}"/);
      return normalize(join(dirname(path), /src="([^"]+)"/.exec(attributes)?.[1] ?? '')).replaceAll('\\', '/');
    }),
  );
  const pictures = readdirSync(join(root, 'docs/images')).map((name) => `docs/images/${name}`);
  expect([...new Set(shown)].sort()).toEqual(pictures.sort());
});

test('every guide and every decision can be reached from the README', () => {
  const reached = new Set<string>();
  const waiting = ['README.md'];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    waiting.push(
      ...(documents.find((document) => document.path === path)?.links ?? []).map((link) => targetOf(link).path),
    );
  }
  expect(documents.map(({ path }) => path).filter((path) => path.startsWith('docs/') && !reached.has(path))).toEqual(
    [],
  );
});
