import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigurationError } from '../core/urls.ts';
import { parseWith, type ResolvedConfig } from './config.ts';
import { settingsFromEnvironment } from './environment-variables.ts';
import { type ServeConfig, type ServerSettings, serveSchema, splitConfig } from './serve-config.ts';
import { mergeSettings, relativeToFile, type Setting, settingsFromObject } from './settings-tree.ts';

const usualFile = 'portcullis.json';

/** Where settings come from, the weakest first: defaults, file, environment, flags. */
export interface ConfigSources {
  /** Of the program that embeds the server. */
  readonly defaults?: ServeConfig | undefined;
  /** Configuration file. Default: `PORTCULLIS_CONFIG`, or `portcullis.json` in the directory where there is one. */
  readonly file?: string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  readonly flags?: readonly Setting[] | undefined;
  /** What relative paths outside the file start from. */
  readonly directory: string;
}

export interface LoadedConfig {
  /** What `Portcullis.open` takes. */
  readonly portcullis: ResolvedConfig;
  /** What `serve` takes. */
  readonly server: ServerSettings;
  /** Path of the configuration file that was read. */
  readonly file: string | undefined;
  /** Dotted name of each setting that is not at its default → the file, variable or flag it comes from. */
  readonly origins: ReadonlyMap<string, string>;
}

/**
 * Gathers the settings of a server from one file, the environment and flags, checks them and fills in the defaults.
 * @throws ConfigurationError naming each setting that is wrong and where it comes from; unknown ones with the nearest known name
 */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const { defaults = {}, environment = {}, flags = [], directory } = sources;
  const file = chosenFile(sources.file ?? nonEmpty(environment['PORTCULLIS_CONFIG']), directory);
  const { tree, origins } = mergeSettings([
    ...settingsFromObject(defaults, 'the program', serveSchema),
    ...(file === undefined ? [] : relativeToFile(settingsFromObject(file.content, file.path, serveSchema), file.path)),
    ...settingsFromEnvironment(environment, serveSchema),
    ...flags,
  ]);
  const settings = parseWith(serveSchema, tree, (name) => originOf(name, origins));
  return { ...splitConfig(settings), file: file?.path, origins };
}

function originOf(name: string, origins: ReadonlyMap<string, string>): string | undefined {
  return [...origins].find(([set]) => name === set || name.startsWith(`${set}.`))?.[1];
}

interface ConfigFile {
  readonly path: string;
  readonly content: Readonly<Record<string, unknown>>;
}

function chosenFile(named: string | undefined, directory: string): ConfigFile | undefined {
  const path = resolve(directory, named ?? usualFile);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (named === undefined && code === 'ENOENT') return undefined;
    throw new ConfigurationError(
      code === 'ENOENT'
        ? `there is no configuration file ${path}`
        : `the configuration file cannot be read: ${message}; let this user read it, or name another with --config`,
    );
  }
  return { path, content: contentOf(text, path) };
}

function contentOf(text: string, path: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw new ConfigurationError(`${path} is not valid JSON: ${(error as Error).message}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ConfigurationError(`${path} must hold one JSON object of settings`);
  }
  const { $schema: _schema, ...content } = parsed as Record<string, unknown>;
  return content;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
