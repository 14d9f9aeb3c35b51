import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'vite';

export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly [property: string]: unknown;
}

export interface Import {
  readonly line: number;
  /** A path below `src/`, or the name of a package or a built-in module. */
  readonly target: string;
  /** Whether it is erased before the code runs. */
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** Below `src/`, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly lineCount: number;
  readonly imports: readonly Import[];
  readonly program: SyntaxNode;
  lineOf(node: SyntaxNode): number;
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** Every node of the syntax tree, parents first. */
export function* nodesBelow(node: SyntaxNode): Generator<SyntaxNode> {
  yield node;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) yield* nodesBelow(child);
    }
  }
}

/** The names of a plain property chain, such as `['Date', 'now']`; empty for anything else. */
export function namesOf(node: unknown): readonly string[] {
  if (!isNode(node)) return [];
  if (node.type === 'Identifier') return [String(node.name)];
  if (node.type !== 'MemberExpression') return [];
  const object = namesOf(node.object);
  const property = node.property;
  if (object.length === 0 || !isNode(property)) return [];
  const name = node.computed === true ? property.value : property.name;
  return typeof name === 'string' ? [...object, name] : [];
}

function specifierOf(node: SyntaxNode): string | undefined {
  const source = node.type === 'TSExternalModuleReference' ? node.expression : node.source;
  return isNode(source) && typeof source.value === 'string' ? source.value : undefined;
}

const importingNodes = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
  'TSExternalModuleReference',
]);

function isTypeOnly(node: SyntaxNode): boolean {
  return node.type === 'TSImportType' || node.importKind === 'type' || node.exportKind === 'type';
}

/** @throws Error where the text does not parse */
export function parseSource(path: string, text: string): SourceFile {
  const parsed = parseSync(path, text);
  if (parsed.errors.length > 0) throw new Error(`src/${path} does not parse: ${parsed.errors[0]?.message}`);
  const program = parsed.program as unknown as SyntaxNode;
  const lineOf = (node: SyntaxNode) => text.slice(0, node.start).split('\n').length;
  const imports = [...nodesBelow(program)].flatMap((node): Import[] => {
    const specifier = importingNodes.has(node.type) ? specifierOf(node) : undefined;
    if (specifier === undefined) return [];
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier;
    return [{ line: lineOf(node), target, typeOnly: isTypeOnly(node) }];
  });
  return { path, text, lineCount: text.trimEnd().split('\n').length, imports, program, lineOf };
}

/** Every TypeScript file below `src/`, tests included, in order. */
export function readSourceFiles(): readonly SourceFile[] {
  const root = fileURLToPath(new URL('../../src/', import.meta.url));
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => parseSource(path, readFileSync(`${root}${path}`, 'utf8')));
}

export function isTest(file: SourceFile): boolean {
  return /\.(test|bench)\.ts$/.test(file.path);
}

/** Whether a path is the named file, or lies below the named folder (`core/`). */
export function isWithin(path: string, place: string): boolean {
  return place.endsWith('/') ? path.startsWith(place) : path === place;
}
