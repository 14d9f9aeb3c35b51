import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type CodeBlock, root } from './documents.ts';

const uses = ['ends', 'serves', 'module', 'tests'] as const;
type Use = (typeof uses)[number];

/**
 * A TypeScript sample as a file. After ```` ```ts ```` comes its name, and then what is done with it besides compiling:
 * `serves` (run it and talk to it), `module` (the same, handed to `portcullis serve --mcp`), `tests` (run it with
 * `node --test`). Without such a word it is run to its end. `from <path>` stands for a part of that file.
 */
export interface Sample {
  readonly block: CodeBlock;
  readonly name: string;
  readonly use: Use;
  readonly folder: string;
  readonly file: string;
}

/** A folder outside the repository in which the package is installed as a user would have it. */
export class Workspace {
  readonly path: string = mkdtempSync(join(tmpdir(), 'portcullis-samples-'));

  constructor() {
    const modules = join(this.path, 'node_modules');
    mkdirSync(modules);
    for (const name of readdirSync(join(root, 'node_modules'))) {
      if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
    }
    symlinkSync(root, join(modules, 'portcullis'));
    writeFileSync(join(this.path, 'package.json'), '{ "private": true, "type": "module" }\n');
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  /** Writes the samples of a document beside one another, so that they can import each other. */
  write(blocks: readonly CodeBlock[]): Sample[] {
    return blocks.map((block) => {
      const folder = join(this.path, block.document.replace(/\.md$/, '').replaceAll('/', '-'));
      const [name = `line-${block.line}.ts`, use = 'ends'] = block.words;
      if (!isUse(use)) throw new Error(`${block.document}:${block.line}: what is '${use}'?`);
      const file = join(folder, name);
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, block.text, { flag: 'wx' });
      return { block, name, use, folder, file };
    });
  }

  /** @returns what the compiler complains of, with the lines of the documents */
  compile(samples: readonly Sample[]): string {
    const options = { ...compilerOptions, typeRoots: [join(root, 'node_modules/@types')] };
    writeFileSync(
      join(this.path, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: samples.map(({ file }) => file) }),
    );
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [compiler, '-p', this.path, '--pretty', 'false'], {
      cwd: this.path,
      encoding: 'utf8',
    });
    const sampleOf = new Map(
      samples.map((sample) => [sample.file.slice(this.path.length + 1).replaceAll('\\', '/'), sample]),
    );
    return stdout.replace(/^([^(\n]+)\((\d+),/gm, (place, file: string, line: string) => {
      const block = sampleOf.get(file)?.block;
      return block === undefined ? place : `${block.document}:${block.line + Number(line) - 1} (column `;
    });
  }
}

function isUse(word: string): word is Use {
  return uses.some((use) => use === word);
}

const compilerOptions = {
  target: 'es2024',
  module: 'nodenext',
  types: ['node'],
  noEmit: true,
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
};

/** A sample that is running. */
export interface RunningSample {
  readonly port: number;
  readonly output: () => string;
  stop(): Promise<void>;
}

const command = join(root, 'dist/cli/main.js');
const freePort = pathToFileURL(join(import.meta.dirname, 'on-free-port.ts')).href;

/** Runs a sample in an empty folder until it listens. @throws Error with its output where it ends first */
export async function start(sample: Sample): Promise<RunningSample> {
  const program = sample.use === 'module' ? [command, 'serve', '--mcp', sample.file] : [sample.file];
  const child = spawn(process.execPath, ['--import', freePort, ...program], {
    cwd: mkdtempSync(join(sample.folder, 'run-')),
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const output = collect(child);
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${sample.block.document}:${sample.block.line} ended before it listened\n${output()}`);
  });
  const [{ port }] = (await Promise.race([once(child, 'message'), ended])) as [{ port: number }];
  ended.catch(() => {});
  return {
    port,
    output,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** Runs a sample that ends by itself, in an empty folder. @returns its exit code and output */
export function runToEnd(sample: Sample): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    sample.use === 'tests' ? ['--test', sample.file] : [sample.file],
    {
      cwd: mkdtempSync(join(sample.folder, 'run-')),
      env: { PATH: process.env['PATH'] },
      encoding: 'utf8',
      timeout: 55_000,
    },
  );
  return { status, output: `${stdout}${stderr}` };
}

function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}
