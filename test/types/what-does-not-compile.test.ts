import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const fixtures = join(import.meta.dirname, 'fixtures');
const directive = /^\s*\/\/ @ts-expect-error (TS\d+)$/;
const requiredMethods = [
  'getClient',
  'registerClient',
  'authorize',
  'loadAuthorizationCode',
  'exchangeAuthorizationCode',
  'loadRefreshToken',
  'exchangeRefreshToken',
  'loadAccessToken',
  'revokeToken',
] as const;

/** One error of the compiler: `file:line code`, and what it says. */
interface Complaint {
  readonly where: string;
  readonly message: string;
}

/** Compiles copies of sources, imports adjusted, from a directory of their own. */
async function compile(folder: string, sources: ReadonlyMap<string, string>): Promise<Complaint[]> {
  for (const [name, source] of sources) {
    writeFileSync(join(folder, name), source.replaceAll("'../../../src/", `'${root}/src/`));
  }
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      typeRoots: [join(root, 'node_modules/@types')],
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: false,
      noUnusedLocals: false,
    },
    include: [folder],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const output = await new Promise<string>((resolve) => {
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    execFile(process.execPath, [compiler, '--noEmit', '--pretty', 'false', '-p', folder], (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
  return [...output.matchAll(/^(.*)\((\d+),\d+\): error (TS\d+): (.*)$/gm)].map(
    ([, file = '', line = '', code = '', message = '']) => ({
      where: `${file.split('/').at(-1)}:${line} ${code}`,
      message,
    }),
  );
}

function read(name: string): string {
  return readFileSync(join(fixtures, name), 'utf8');
}

/** What the directives of a fixture announce, for the line that follows each. */
function announced(name: string): string[] {
  const lines = read(name).split('\n');
  return lines.flatMap((line, index) => {
    const code = directive.exec(line)?.[1];
    return code === undefined ? [] : [`${name}:${index + 2} ${code}`];
  });
}

describe('what does not compile', () => {
  const names = readdirSync(fixtures);
  const folders: string[] = [];
  let complaints: Complaint[];

  function folder(): string {
    const made = mkdtempSync(join(tmpdir(), 'portcullis-types-'));
    folders.push(made);
    return made;
  }

  beforeAll(async () => {
    const unguarded = names.map(
      (name) => [name, read(name).replaceAll(/\/\/ @ts-expect-error/g, '// expected:')] as const,
    );
    const complete = read('complete-provider.ts');
    const lacking = requiredMethods.map((method) => [`lacks-${method}.ts`, without(method, complete)] as const);
    complaints = await compile(folder(), new Map([...unguarded, ...lacking]));
  });

  afterAll(() => {
    for (const made of folders) rmSync(made, { recursive: true });
  });

  it('a subclass with all nine methods does compile', () => {
    expect(complaints.filter(({ where }) => where.startsWith('complete-provider'))).toEqual([]);
  });

  for (const method of requiredMethods) {
    it(`a subclass that lacks ${method} [PITFALL-26]`, () => {
      const about = complaints.filter(({ where }) => where.startsWith(`lacks-${method}.ts`));
      expect(about.map(({ where }) => where.split(' ')[1])).toEqual(['TS2515']);
      expect(about[0]?.message).toMatch(new RegExp(`abstract member '?${method}'? `));
    });
  }

  for (const name of names.filter((each) => announced(each).length > 0)) {
    it(`${name}: each announced error, and no other`, () => {
      const about = complaints.filter(({ where }) => where.startsWith(name)).map(({ where }) => where);
      expect(about).toEqual(announced(name));
    });
  }

  it('with its directives in place every fixture compiles', async () => {
    const found = await compile(folder(), new Map(names.map((name) => [name, read(name)])));
    expect(found.filter(({ where }) => names.some((name) => where.startsWith(name)))).toEqual([]);
  });
});

function without(method: string, source: string): string {
  const shorter = source.replace(new RegExp(`\\n  override async ${method}\\([^]*?(\\n  }|{})\\n`), '\n');
  if (shorter === source) throw new Error(`${method} is not in the fixture`);
  return shorter;
}
