import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readDocuments, root } from './documents.ts';

const command = join(root, 'dist/cli/main.js');
const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** The blocks marked ```` ```sh runs ````, by document: they are run in their order, in one folder. */
const scripts = Object.entries(
  Object.groupBy(
    readDocuments().flatMap(({ blocks }) =>
      blocks.filter(({ language, words }) => language === 'sh' && words.includes('runs')),
    ),
    ({ document }) => document,
  ),
).map(([document, blocks = []]): [string, string] => [document, blocks.map(({ text }) => text).join('\n')]);

// Passwords that a person would be asked for come from standard input.
const npx = `#!/bin/sh
[ "$1" = portcullis ] || exit 127
shift
case "$*" in
  "user add "* | "user password "*) echo "a lantern for nine herons" | "${process.execPath}" "${command}" "$@" --password-stdin ;;
  *) "${process.execPath}" "${command}" "$@" ;;
esac
`;

test('there are lines that are run', () => {
  expect(scripts.length).toBeGreaterThan(0);
});

test.skipIf(process.platform === 'win32').for(scripts)('the commands of %s do what they say', ([, script]) => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-shell-'));
  folders.push(folder);
  const commands = join(folder, 'bin');
  mkdirSync(commands);
  writeFileSync(join(commands, 'npx'), npx);
  chmodSync(join(commands, 'npx'), 0o755);
  // There is a server's data already, with its first administrator.
  const begun = `npx portcullis user add ada --role admin\n${script}`;
  const { status, stdout, stderr } = spawnSync('sh', ['-eu', '-c', begun], {
    cwd: folder,
    env: { PATH: `${commands}${delimiter}${process.env['PATH'] ?? ''}` },
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
});
