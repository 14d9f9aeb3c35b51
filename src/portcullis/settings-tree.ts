import { dirname, isAbsolute, resolve } from 'node:path';
import * as z from 'zod';
import { withoutWrappers } from './environment-variables.ts';
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

/** Takes an object of settings apart; what the schema does not know stays whole, for the schema to complain about. */
export function settingsFromObject(object: Readonly<Record<string, unknown>>, origin: string, schema: z.ZodObject): Setting[] {
  return below(object, schema, []).map(([path, value]) => ({ path, value, origin }));
}

function below(value: unknown, schema: z.core.$ZodType | undefined, path: readonly string[]): [readonly string[], unknown][] {
  const plain = schema === undefined ? undefined : withoutWrappers(schema);
  if (!(plain instanceof z.ZodObject) || !isObject(value)) return value === undefined ? [] : [[path, value]];
  const shape = plain.shape as Record<string, z.core.$ZodType>;
  return Object.entries(value).flatMap(([name, member]) => below(member, shape[name], [...path, name]));
}

/** Settings of a configuration file whose relative paths start from that file's directory. */
export function relativeToFile(settings: readonly Setting[], configFile: string): Setting[] {
  return settings.map((setting) => {
    const { value } = setting;
    if (!pathSettings.has(setting.path.join('.')) || typeof value !== 'string') return setting;
    return { ...setting, value: below_(value, dirname(configFile)) };
  });
}

// `:memory:` and other schemes are no paths, and a bare module name is a package's.
function below_(value: string, directory: string): string {
  const [, scheme = '', path = ''] = /^(sqlite:)?(.*)$/s.exec(value) ?? [];
  if (isAbsolute(path) || /^:|^[a-z][a-z0-9+.-]+:/i.test(path)) return value;
  return `${scheme}${resolve(directory, path)}`;
}

/** Puts settings together, later ones over earlier ones, and says where each one that holds comes from. */
export function mergeSettings(settings: readonly Setting[]): { readonly tree: Tree; readonly origins: ReadonlyMap<string, string> } {
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
