import { pathToFileURL } from 'node:url';

type Root = typeof import('../../dist/index.js');

interface Subpaths {
  readonly node: typeof import('../../dist/hosts/node.js');
  readonly 'mcp-sdk': typeof import('../../dist/hosts/mcp-sdk.js');
  readonly testing: typeof import('../../dist/testing/index.js');
}

const files: Readonly<Record<keyof Subpaths, string>> = {
  node: 'hosts/node.js',
  'mcp-sdk': 'hosts/mcp-sdk.js',
  testing: 'testing/index.js',
};

/** The built package: the clone's `dist/`, or another build to compare it with. */
const build = pathToFileURL(`${process.env['BENCH_BUILD'] ?? 'dist'}/`);

export async function loadPortcullis(): Promise<Root> {
  return (await import(new URL('index.js', build).href)) as Root;
}

export async function loadSubpath<Name extends keyof Subpaths>(name: Name): Promise<Subpaths[Name]> {
  return (await import(new URL(files[name], build).href)) as Subpaths[Name];
}
