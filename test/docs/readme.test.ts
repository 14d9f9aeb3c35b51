import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDocument, root, tableRows } from './documents.ts';

const readme = readDocument('README.md');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, unknown> };

test('the README has fewer than 150 lines', () => {
  expect(readme.text.trimEnd().split('\n').length).toBeLessThan(150);
});

test('the README names every host that the package exports', () => {
  const notHosts = ['.', './package.json', './in-memory', './resource-server', './testing'];
  const hosts = Object.keys(manifest.exports).filter((path) => !notHosts.includes(path));
  const named = tableRows(readme, 'host').map(([, path = '']) => path.replaceAll('`', ''));
  expect([...new Set(named)].sort()).toEqual(hosts.map((path) => path.replace('./', 'portcullis/')).sort());
});

test('the README shows the consent page', () => {
  expect(readme.text).toMatch(/<img [^>]*src="docs\/images\/consent\.png"[^>]*alt="[^"]{20,}"/);
});
