import { expect, test } from 'vitest';
import { clockAndRandomSources, entryPoints, outboundSources } from './exceptions.ts';
import {
  isTest,
  isWithin,
  namesOf,
  nodesBelow,
  parseSource,
  readSourceFiles,
  type SourceFile,
  type SyntaxNode,
} from './source-files.ts';

const everything = readSourceFiles();
const shipped = everything.filter((file) => !isTest(file));

function outside(places: readonly string[]): readonly SourceFile[] {
  return shipped.filter(({ path }) => !places.some((place) => isWithin(path, place)));
}

/** One readable line for each piece of syntax that the rule refuses. */
function offences(files: readonly SourceFile[], isRefused: (node: SyntaxNode) => boolean): string[] {
  return files.flatMap((file) =>
    [...nodesBelow(file.program)]
      .filter(isRefused)
      .map((node) => `src/${file.path}:${file.lineOf(node)} ${file.text.slice(node.start).split('\n')[0]}`),
  );
}

const globalThisName = 'globalThis';

/** A property chain without a leading `globalThis`, dotted. */
function chain(node: unknown): string {
  const names = namesOf(node);
  return (names[0] === globalThisName ? names.slice(1) : names).join('.');
}

function hasNoArguments(node: SyntaxNode): boolean {
  return Array.isArray(node.arguments) && node.arguments.length === 0;
}

/** `Date.now`, `new Date()` and `Date()`: the time of day from nowhere. */
function readsTheClock(node: SyntaxNode): boolean {
  if (node.type === 'MemberExpression') return chain(node) === 'Date.now';
  if (node.type === 'NewExpression') return chain(node.callee) === 'Date' && hasNoArguments(node);
  return node.type === 'CallExpression' && chain(node.callee) === 'Date';
}

const randomNames = new Set(['randomBytes', 'randomUUID', 'randomInt', 'randomFillSync', 'getRandomValues']);

/** `Math.random`, and any mention of the platform's random functions, imported or as a property. */
function drawsRandomness(node: SyntaxNode): boolean {
  if (node.type === 'MemberExpression') return chain(node) === 'Math.random';
  return node.type === 'Identifier' && randomNames.has(String(node.name));
}

const outboundModules = new Set([
  'node:https',
  'node:http2',
  'node:tls',
  'node:dns',
  'node:dns/promises',
  'node:dgram',
  'undici',
]);

/** What connects in modules that servers need too. */
const outboundNames = new Map([
  ['node:http', new Set(['request', 'get', 'Agent', 'ClientRequest', 'default', '*'])],
  ['node:net', new Set(['connect', 'createConnection', 'Socket', 'default', '*'])],
]);

const outboundGlobals = new Set(['WebSocket', 'EventSource']);

/** The global `fetch` and its like, or a value imported from a module that connects. */
function goesOutside(node: SyntaxNode): boolean {
  if (node.type === 'CallExpression') return chain(node.callee) === 'fetch';
  if (node.type === 'NewExpression') return outboundGlobals.has(chain(node.callee));
  if (node.type !== 'ImportDeclaration' || node.importKind === 'type') return false;
  const source = String((node.source as SyntaxNode).value);
  const connecting = outboundNames.get(source);
  if (connecting === undefined) return outboundModules.has(source);
  return importedNames(node).some((name) => connecting.has(name));
}

/** The names of the values that a declaration imports; `*` for all of them. */
function importedNames(declaration: SyntaxNode): string[] {
  const specifiers = declaration.specifiers as readonly SyntaxNode[];
  return specifiers
    .filter(({ importKind }) => importKind !== 'type')
    .map(({ type, imported }) => {
      if (type === 'ImportNamespaceSpecifier') return '*';
      return type === 'ImportDefaultSpecifier' ? 'default' : String((imported as SyntaxNode).name);
    });
}

test('no source file is over 400 lines', () => {
  const long = everything.filter(({ lineCount }) => lineCount > 400);
  expect(
    long.map(({ path, lineCount }) => `src/${path}: ${lineCount} lines`),
    'one concern per file: split it',
  ).toEqual([]);
});

test('every host adapter is under 100 lines', () => {
  const long = shipped.filter(({ path, lineCount }) => isWithin(path, 'hosts/') && lineCount >= 100);
  expect(
    long.map(({ path, lineCount }) => `src/${path}: ${lineCount} lines`),
    'an adapter translates requests and responses; what it decides belongs in the core',
  ).toEqual([]);
});

test('no `export *`', () => {
  expect(
    offences(everything, (node) => node.type === 'ExportAllDeclaration'),
    'name what is exported',
  ).toEqual([]);
});

test('the time of day is read in core/clock.ts only', () => {
  expect(offences(outside(clockAndRandomSources), readsTheClock), 'take a Clock and call its now()').toEqual([]);
});

test('randomness is drawn in core/random.ts only', () => {
  expect(offences(outside(clockAndRandomSources), drawsRandomness), 'take a Random (core/random.ts)').toEqual([]);
});

test('connections to elsewhere are opened in core/egress only', () => {
  expect(
    offences(outside(outboundSources), goesOutside),
    'go through the guarded fetcher; a server that needs one of these modules is listed in test/architecture/exceptions.ts',
  ).toEqual([]);
});

test('loading a file does nothing', () => {
  const doing = outside(entryPoints).flatMap((file) => {
    const body = file.program.body as readonly SyntaxNode[];
    return body
      .filter(({ type, directive }) => type.endsWith('Statement') && (directive ?? undefined) === undefined)
      .map((node) => `src/${file.path}:${file.lineOf(node)} ${file.text.slice(node.start).split('\n')[0]}`);
  });
  expect(doing, 'no import-time side effects: put it in a function, or list the file in exceptions.ts').toEqual([]);
});

test('nothing is left to do', () => {
  const unfinished = everything.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => (/\b(TODO|FIXME)\b/.test(line) ? [`src/${path}:${index + 1} ${line.trim()}`] : [])),
  );
  expect(unfinished, 'finish it, or open an issue and delete the note').toEqual([]);
});

test('the scanner sees the clock, randomness and connections however they are spelled', () => {
  const source = [
    'Date.now();',
    'const now = Date["now"];',
    'new Date();',
    'globalThis.Date.now();',
    'new Date(0);',
    'clock.now();',
    '// Date.now()',
    'Math.random();',
    "import { randomBytes as bytes } from 'node:crypto';",
    'crypto.randomUUID();',
    'globalThis.fetch("https://example.com");',
    'context.fetch();',
    "import type { TLSSocket } from 'node:tls';",
    "import { connect } from 'node:tls';",
    "import { createServer, type Socket } from 'node:net';",
    "import { createServer, connect as dial } from 'node:net';",
    "import * as http from 'node:http';",
    "import { request } from 'node:http';",
    'new WebSocket("wss://example.com");',
  ].join('\n');
  const linesOf = (isRefused: (node: SyntaxNode) => boolean) =>
    offences([parseSource('x.ts', source)], isRefused).map((offence) => Number(offence.split(/[: ]/)[1]));
  expect(linesOf(readsTheClock)).toEqual([1, 2, 3, 4]);
  expect(linesOf(drawsRandomness)).toEqual([8, 9, 10]);
  expect(linesOf(goesOutside)).toEqual([11, 14, 16, 17, 18, 19]);
});
