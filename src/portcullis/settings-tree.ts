import { dirname, isAbsolute, resolve } from 'node:path';
import * as z from 'zod';
import { pathSettings } from './serve-config.ts';

/** One setting from one source. */
export interface Setting {
  /** `['tokens', 'accessTokenSeconds']` */
  readonly path: readonly string[];
  readonly value: unknown;
  /** Where it comes from, as people would name it: a file, a variable, a flag. */
  readonly origin: string;
}

interface Tree {
  [name: string]: unknown;
}

/** A setting that has a value of its own, in a schema. */
export interface Leaf {
  readonly path: readonly string[];
  readonly schema: z.core.$ZodType;
}

/** Every setting of a schema, each with its schema without default and optionality. */
export function leavesOf(schema: z.core.$ZodType, path: readonly string[] = []): Leaf[] {
  const plain = withoutWrappers(schema);
  if (!(plain instanceof z.ZodObject)) return [{ path, schema: plain }];
  return Object.entries(shapeOf(plain)).flatMap(([name, member]) => leavesOf(member, [...path, name]));
}

/** Takes an object of settings apart; what the schema does not know stays whole, for the schema to complain about. */
export function settingsFromObject(
  object: Readonly<Record<string, unknown>>,
  origin: string,
  schema: z.ZodObject,
): Setting[] {
  return below(object, schema, []).map(([path, value]) => ({ path, value, origin }));
}

function below(
  value: unknown,
  schema: z.core.$ZodType | undefined,
  path: readonly string[],
): [readonly string[], unknown][] {
  const plain = schema === undefined ? undefined : withoutWrappers(schema);
  if (!(plain instanceof z.ZodObject) || !isObject(value)) return value === undefined ? [] : [[path, value]];
  const shape = shapeOf(plain);
  return Object.entries(value).flatMap(([name, member]) =>
    below(member, Object.hasOwn(shape, name) ? shape[name] : undefined, [...path, name]),
  );
}

function withoutWrappers(schema: z.core.$ZodType): z.core.$ZodType {
  let current = schema;
  while (
    current instanceof z.ZodPrefault ||
    current instanceof z.ZodDefault ||
    current instanceof z.ZodOptional ||
    current instanceof z.ZodReadonly
  ) {
    current = current.unwrap();
  }
  return current;
}

function shapeOf(schema: z.ZodObject): Readonly<Record<string, z.core.$ZodType>> {
  return schema.shape as Readonly<Record<string, z.core.$ZodType>>;
}

/** Settings of a configuration file: relative paths in them start from that file's directory. */
export function relativeToFile(settings: readonly Setting[], configFile: string): Setting[] {
  return settings.map((setting) => {
    const { path, value } = setting;
    return { ...setting, value: withPaths(path.join('.'), value, dirname(configFile)) };
  });
}

function withPaths(name: string, value: unknown, directory: string): unknown {
  if (typeof value === 'string') return pathSettings.has(name) ? resolveWithin(directory, value) : value;
  if (!Array.isArray(value)) return value;
  return value.map((item: unknown) =>
    isObject(item)
      ? Object.fromEntries(
          Object.entries(item).map(([key, member]) => [key, withPaths(`${name}.${key}`, member, directory)]),
        )
      : withPaths(name, item, directory),
  );
}

// `:memory:` and `postgres://…` are no paths.
function resolveWithin(directory: string, value: string): string {
  const [, scheme = '', path = ''] = /^(sqlite:(?!\/\/))?(.*)$/s.exec(value) ?? [];
  if (isAbsolute(path) || /^:|^[a-z][a-z0-9+.-]+:/i.test(path)) return value;
  return `${scheme}${resolve(directory, path)}`;
}

/** Puts settings together, later ones over earlier ones, and says where each one that holds comes from. */
export function mergeSettings(settings: readonly Setting[]): {
  readonly tree: Tree;
  readonly origins: ReadonlyMap<string, string>;
} {
  const tree: Tree = {};
  const origins = new Map<string, string>();
  for (const { path, value, origin } of settings) {
    let place = tree;
    for (const name of path.slice(0, -1)) {
      const next = Object.hasOwn(place, name) ? place[name] : undefined;
      const branch: Tree = isObject(next) ? (next as Tree) : {};
      Object.defineProperty(place, name, { value: branch, writable: true, enumerable: true, configurable: true });
      place = branch;
    }
    Object.defineProperty(place, path.at(-1) ?? '', { value, writable: true, enumerable: true, configurable: true });
    origins.set(path.join('.'), origin);
  }
  return { tree, origins };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
