import { expect, test } from 'vitest';
import { capabilityImports, contracts, cycles, type Exception, roomImports } from './exceptions.ts';
import { type Import, isTest, isWithin, parseSource, readSourceFiles, type SourceFile } from './source-files.ts';

/** What ships. A unit test may put any parts together. */
const shipped = readSourceFiles().filter((file) => !isTest(file));

/** The folder of a capability: `oauth/token/` for `oauth/token/mint.ts`. */
function capabilityOf(path: string): string | undefined {
  return /^oauth\/[^/]+\//.exec(path)?.[0];
}

function isExcepted(exceptions: readonly Exception[], file: SourceFile, { target }: Import): boolean {
  return exceptions.some(({ from, to }) => isWithin(file.path, from) && isWithin(target, to));
}

/** One readable line for each import in the files that the rule refuses. */
function offences(files: readonly SourceFile[], isRefused: (imported: Import, file: SourceFile) => boolean): string[] {
  return files.flatMap((file) =>
    file.imports
      .filter((imported) => isRefused(imported, file))
      .map(({ line, target }) => `src/${file.path}:${line} imports ${target}`),
  );
}

function filesIn(...folders: readonly string[]): readonly SourceFile[] {
  return shipped.filter(({ path }) => folders.some((folder) => isWithin(path, folder)));
}

function importsAnyOf(...places: readonly string[]): (imported: Import) => boolean {
  return ({ target }) => places.some((place) => isWithin(target, place));
}

function isPackage(target: string, name: string): boolean {
  return target === name || target.startsWith(`${name}/`);
}

test('core/ imports nothing of src/ but core/', () => {
  const isOutside = ({ target }: Import) => target.endsWith('.ts') && !isWithin(target, 'core/');
  expect(offences(filesIn('core/'), isOutside), 'core/ is what everything else stands on').toEqual([]);
});

/** The rooms of docs/architecture.md, from the top floor down. */
const floors: readonly (readonly string[])[] = [
  ['cli/', 'index.ts'],
  ['hosts/'],
  ['portcullis/'],
  ['identity/', 'operations/', 'in-memory/', 'resource-server/', 'testing/'],
  ['oauth/', 'provider.ts', 'provider-methods.ts', 'capabilities.ts', 'server.ts'],
  ['web/', 'storage/'],
  ['core/'],
];

function floorOf(path: string): number {
  return floors.findIndex((rooms) => rooms.some((room) => isWithin(path, room)));
}

test('every file is in a room, and no room imports one above it', () => {
  expect(shipped.filter(({ path }) => floorOf(path) === -1).map(({ path }) => path)).toEqual([]);
  const isAbove = (imported: Import, file: SourceFile) =>
    imported.target.endsWith('.ts') &&
    floorOf(imported.target) < floorOf(file.path) &&
    !isExcepted(roomImports, file, imported);
  expect(offences(shipped, isAbove), 'move it down, hand it in, or see docs/architecture.md').toEqual([]);
});

test('oauth/ never imports identity/, operations/, storage/, hosts/, web/, portcullis/ or cli/', () => {
  const refused = importsAnyOf('identity/', 'operations/', 'storage/', 'hosts/', 'web/', 'portcullis/', 'cli/');
  expect(
    offences(filesIn('oauth/'), refused),
    'the protocol knows users, pages and databases only through the contract in provider.ts',
  ).toEqual([]);
});

test('a capability of oauth/ imports core/, oauth/token/, itself and the types of the contract only', () => {
  const refused = (imported: Import, file: SourceFile) => {
    const { target, typeOnly } = imported;
    const own = capabilityOf(file.path);
    if (own === undefined || !target.endsWith('.ts')) return false;
    if ([own, 'core/', 'oauth/token/'].some((place) => isWithin(target, place))) return false;
    return !(typeOnly && contracts.includes(target)) && !isExcepted(capabilityImports, file, imported);
  };
  expect(
    offences(filesIn('oauth/'), refused),
    'move what is shared to core/ or oauth/token/, use `import type` for the contract, or list the import and its reason in test/architecture/exceptions.ts',
  ).toEqual([]);
});

test('identity/ never imports storage/, hosts/ or cli/', () => {
  expect(
    offences(filesIn('identity/'), importsAnyOf('storage/', 'hosts/', 'cli/')),
    'identity/ is handed a Database (core/database.ts) and answers with Response objects',
  ).toEqual([]);
});

test('only storage/ imports node:sqlite or pg', () => {
  const elsewhere = shipped.filter(({ path }) => !isWithin(path, 'storage/'));
  const isDriver = ({ target }: Import) => ['node:sqlite', 'sqlite', 'pg'].some((name) => isPackage(target, name));
  expect(offences(elsewhere, isDriver), 'only storage/ knows which database is running').toEqual([]);
});

test('no file that ships imports a test or the test runner', () => {
  const isTestOnly = ({ target }: Import) =>
    /\.(test|bench)\.ts$/.test(target) || target.startsWith('..') || isPackage(target, 'vitest');
  expect(offences(shipped, isTestOnly), 'what ships must load where only its dependencies are installed').toEqual([]);
});

test('no import cycles between files, type-only imports excepted', () => {
  expect(findCycles(shipped), 'move what both need to a third file, or inject it').toEqual([]);
});

test('every listed exception is still needed', () => {
  const needed = ({ from, to }: Exception) =>
    shipped.some((file) => isWithin(file.path, from) && file.imports.some(({ target }) => isWithin(target, to)));
  expect(
    [...capabilityImports, ...roomImports, ...cycles].filter((exception) => !needed(exception)),
    'delete the line from test/architecture/exceptions.ts',
  ).toEqual([]);
});

test('the scanner sees every way to import', () => {
  const source = [
    "import a from './a.ts';",
    "import type { B } from '../core/b.ts';",
    "export { c } from 'pg';",
    "export * from './d.ts';",
    "type E = import('./e.ts').E;",
    "const f = () => import('node:sqlite');",
    '// import g from "./g.ts";',
    'const h = "import h from \'./h.ts\'";',
  ].join('\n');
  const seen = parseSource('oauth/x.ts', source).imports.map(({ target, typeOnly }) => [target, typeOnly]);
  expect(seen).toEqual([
    ['oauth/a.ts', false],
    ['core/b.ts', true],
    ['pg', false],
    ['oauth/d.ts', false],
    ['oauth/e.ts', true],
    ['node:sqlite', false],
  ]);
});

test('a cycle is found and named in order', () => {
  const file = (path: string, target: string) => parseSource(path, `import { x } from './${target}';\nexport { x };`);
  expect(findCycles([file('a.ts', 'b.ts'), file('b.ts', 'c.ts'), file('c.ts', 'a.ts'), file('d.ts', 'a.ts')])).toEqual([
    'a.ts → b.ts → c.ts → a.ts',
  ]);
});

/** Each cycle once, as `a.ts → b.ts → a.ts`, by depth-first search over the imports that run. */
function findCycles(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const finished = new Set<string>();
  const trail: string[] = [];
  const found: string[] = [];
  const visit = (path: string) => {
    const file = byPath.get(path);
    if (file === undefined || finished.has(path)) return;
    if (trail.includes(path)) {
      found.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      return;
    }
    trail.push(path);
    for (const imported of file.imports) {
      if (!imported.typeOnly && !isExcepted(cycles, file, imported)) visit(imported.target);
    }
    trail.pop();
    finished.add(path);
  };
  for (const { path } of files) visit(path);
  return found;
}
