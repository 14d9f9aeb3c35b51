import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const entries = Object.entries(manifest.exports).filter(([, target]) => typeof target !== 'string');

/** What a user's shell has: none of the settings that npm gives to scripts, nothing of this clone but its Node. */
const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|vitest|node_options|node_env)/i.test(name)),
  ),
  PATH: [
    dirname(process.execPath),
    ...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules')),
  ].join(delimiter),
};

let workspace: string;
let project: string;
let installed: string;

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env: environment, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status ?? error}\n${stdout}\n${stderr}`);
  return stdout;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => path.split(sep).join('/'));
}

beforeAll(() => {
  workspace = mkdtempSync(join(tmpdir(), 'portcullis-packed-'));
  project = join(workspace, 'project');
  installed = join(project, 'node_modules', manifest.name);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n');
  run('npm', ['pack', '--pack-destination', workspace], root);
  const tarball = join(workspace, `${manifest.name}-${manifest.version}.tgz`);
  run('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', tarball], project);
});

afterAll(() => rmSync(workspace, { recursive: true, force: true }));

describe('the package as published', () => {
  test('contains the built files and its papers, and nothing else', () => {
    const stray = filesBelow(installed).filter(
      (path) => !/^dist\/.+\.(js|d\.ts)$/.test(path) && !/^(package\.json|[A-Z]+\.md|LICENSE)$/.test(path),
    );
    expect(stray).toEqual([]);
  });

  test('contains no test, benchmark or source map', () => {
    const junk = filesBelow(installed).filter((path) => /\.(test|bench)\.(d\.ts|js)$|\.map$|tsbuildinfo$/.test(path));
    expect(junk).toEqual([]);
  });

  test('contains its licence and its README', () => {
    expect(filesBelow(installed)).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']));
  });

  test('contains every file that package.json points at', () => {
    const targets = entries.flatMap(([, target]) => (typeof target === 'string' ? [target] : Object.values(target)));
    expect(targets.filter((target) => !existsSync(join(installed, target)))).toEqual([]);
  });

  test('names no folder of the machine that built it', () => {
    const telling = filesBelow(installed).filter((path) => readFileSync(join(installed, path), 'utf8').includes(root));
    expect(telling).toEqual([]);
  });
});

describe('an installation without scripts', () => {
  test('has no install script in it that was passed over', () => {
    const packages = filesBelow(join(project, 'node_modules')).filter((path) => /(^|\/)package\.json$/.test(path));
    const scripted = packages.filter((path) => {
      const { scripts } = JSON.parse(readFileSync(join(project, 'node_modules', path), 'utf8')) as Partial<Manifest>;
      return (
        path.split('/').length <= 3 && scripts && ['preinstall', 'install', 'postinstall'].some((name) => scripts[name])
      );
    });
    expect(scripted).toEqual([]);
  });

  test('has no compiled addon in it, and nothing that would compile one', () => {
    const addons = filesBelow(join(project, 'node_modules')).filter((path) => /\.node$|(^|\/)binding\.gyp$/.test(path));
    expect(addons).toEqual([]);
  });

  test('installs no peer that was not asked for', () => {
    const peers = Object.keys(manifest.peerDependencies);
    expect(peers.filter((name) => manifest.peerDependenciesMeta[name]?.optional !== true)).toEqual([]);
    expect(peers.filter((name) => existsSync(join(project, 'node_modules', name)))).toEqual([]);
  });

  test('answers `npx portcullis --help`', () => {
    expect(run('npx', ['--no-install', manifest.name, '--help'], project)).toMatch(/serve/);
  });

  test.for(entries.map(([path]) => join(manifest.name, path)))(
    'loads %s, or names the optional peer it needs',
    (name) => {
      const code = `import(${JSON.stringify(name)}).then(
      (module) => console.log(JSON.stringify({ exports: Object.keys(module) })),
      (error) => console.log(JSON.stringify({ error: error.code, message: error.message })),
    )`;
      const outcome = JSON.parse(run(process.execPath, ['--input-type=module', '--eval', code], project)) as {
        readonly exports?: readonly string[];
        readonly error?: string;
        readonly message?: string;
      };
      const lacking = /Cannot find package '([^']+)'/.exec(outcome.message ?? '')?.[1];
      if (lacking !== undefined && lacking in manifest.peerDependencies) return;
      expect(outcome.message).toBeUndefined();
      expect(outcome.exports).not.toEqual([]);
    },
  );

  test('type-checks in strict mode, without the peers', () => {
    const imports = entries.map(([path], index) => `export * as m${index} from '${join(manifest.name, path)}';`);
    writeFileSync(join(project, 'user.ts'), `${imports.join('\n')}\n`);
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck'];
    const nodeTypes = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')];
    run(process.execPath, [compiler, ...flags, ...nodeTypes, 'user.ts'], project);
  });
});
