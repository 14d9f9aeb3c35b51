import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { commonFlags } from '../../src/cli/parse.ts';
import { readDocument, readDocuments, root, tableRows } from './documents.ts';

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** A line that people are told to type, with where it stands. */
interface Line {
  readonly text: string;
  readonly place: string;
}

const lines: readonly Line[] = readDocuments().flatMap(({ path, text, blocks }) => [
  ...blocks
    .filter(({ language }) => language === 'sh')
    .flatMap((block) =>
      block.text
        .split(/\n|&&|\|/)
        .map((line, index) => ({ text: withoutComment(line), place: `${block.document}:${block.line + index}` })),
    ),
  ...[...text.matchAll(/`((?:npx )?(?:portcullis|npm run|npm start|npm test|node scripts)\b[^`\n]*)`/g)].map(
    ([, code = '']) => ({ text: code, place: path }),
  ),
]);

function withoutComment(line: string): string {
  return line.replace(/\s+#.*$/, '').trim();
}

function startingWith(pattern: RegExp): [string, string][] {
  const found = lines.flatMap(({ text, place }): [string, string][] => {
    const rest = pattern.exec(text)?.[1];
    return rest === undefined ? [] : [[`${place}: ${text}`, rest.trim()]];
  });
  return found.filter(([name], index) => found.findIndex(([other]) => other === name) === index);
}

describe('commands of portcullis in the documents', () => {
  test.for(startingWith(/^(?:npx )?portcullis( .*)?$/))('%s', ([, rest]) => {
    const words = rest.split(/\s+/).filter((word) => word !== '');
    if (words.length === 0) return;
    const command = commands.find(({ name }) => name === words.slice(0, name.split(' ').length).join(' '));
    expect(command, 'there is no such command').toBeDefined();
    const flags = words.filter((word) => word.startsWith('--')).map((word) => word.slice(2).split('=')[0] ?? '');
    expect(flags.filter((flag) => !(flag in { ...command?.flags, ...commonFlags }))).toEqual([]);
  });
});

test('programs of the repository in the documents exist', () => {
  const absent = lines.flatMap(({ text, place }) => {
    const path = /^(?:npx )?node ((?:examples|scripts)\/\S+)/.exec(text)?.[1];
    return path === undefined || existsSync(join(root, path)) ? [] : [`${place}: ${path}`];
  });
  expect(absent).toEqual([]);
});

test('the guide to the first steps names every command', () => {
  const named = tableRows(readDocument('docs/guides/getting-started.md'), 'command').flatMap(([cell = '']) => {
    const [first = '', ...others] = [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
    const name = first.replace(/^portcullis /, '');
    return [name, ...others.map((other) => name.replace(/\S+$/, other))];
  });
  expect(named.sort()).toEqual(commands.map(({ name }) => name).sort());
});

describe('scripts of npm in the documents', () => {
  test.for(
    startingWith(/^npm (?:run )?(start|test(?::\w+)?|[\w:-]+)(?: --.*)?$/).filter(([name]) =>
      /npm (run|start|test)/.test(name),
    ),
  )('%s', ([, name]) => {
    expect(Object.keys(scripts)).toContain(name);
  });
});
