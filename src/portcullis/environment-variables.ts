import * as z from 'zod';
import { ConfigurationError } from '../core/urls.ts';
import { nearest } from './nearest.ts';
import { type Leaf, leavesOf, type Setting } from './settings-tree.ts';

const prefix = 'PORTCULLIS_';

// Not settings: which file to read, and the browser that this project's own tests drive.
const otherVariables: ReadonlySet<string> = new Set([`${prefix}CONFIG`, `${prefix}CHROMIUM`]);

// What Kubernetes puts into every container beside a Service that is called portcullis.
const serviceLink = /^PORTCULLIS_(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const serviceUrl = /^(tcp|udp|sctp):\/\//;

/** The variable for a setting: `tokens.accessTokenSeconds` is `PORTCULLIS_TOKENS__ACCESS_TOKEN_SECONDS`. */
export function variableName(path: readonly string[]): string {
  const words = path.map((part) =>
    part
      .replace('KiB', 'Kib')
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .toUpperCase(),
  );
  return `${prefix}${words.join('__')}`;
}

/**
 * Reads settings from environment variables. Empty ones count as not set. Lists are separated by commas or written as
 * JSON, scopes are JSON.
 * @throws ConfigurationError naming each variable that is unknown, with the nearest known one, or cannot be read
 */
export function settingsFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  schema: z.ZodObject,
): Setting[] {
  const leaves = new Map(leavesOf(schema).map((leaf) => [variableName(leaf.path), leaf]));
  const problems: string[] = [];
  const settings: Setting[] = [];
  const take = (variable: string, leaf: Leaf, text: string) => {
    try {
      settings.push({ path: leaf.path, value: parsedText(leaf.schema, text), origin: variable });
    } catch (error) {
      problems.push(`${variable}: ${(error as Error).message}`);
    }
  };
  const port = leaves.get(`${prefix}PORT`);
  if (port !== undefined && (environment['PORT'] ?? '') !== '') take('PORT', port, environment['PORT'] ?? '');
  for (const [variable, text = ''] of Object.entries(environment)) {
    if (!variable.startsWith(prefix) || text === '' || otherVariables.has(variable)) continue;
    if (serviceLink.test(variable) || (variable === `${prefix}PORT` && serviceUrl.test(text))) continue;
    const leaf = leaves.get(variable);
    if (leaf !== undefined) take(variable, leaf, text);
    else problems.push(unknownVariable(variable, [...leaves.keys()]));
  }
  if (problems.length > 0) throw new ConfigurationError(problems.join('\n'));
  return settings;
}

function unknownVariable(variable: string, known: readonly string[]): string {
  const suggestion = nearest(
    variable.slice(prefix.length),
    known.map((name) => name.slice(prefix.length)),
  );
  return `unknown environment variable ${variable}${suggestion === undefined ? '' : `; did you mean ${prefix}${suggestion}?`}`;
}

/** @throws Error that says what is wrong with the text */
function parsedText(schema: z.core.$ZodType, text: string): unknown {
  if (schema instanceof z.ZodNumber) {
    if (!/^-?\d+$/.test(text.trim())) throw new Error(`'${text}' is not a whole number`);
    return Number(text);
  }
  if (schema instanceof z.ZodBoolean) {
    const word = text.trim().toLowerCase();
    if (['true', '1', 'yes', 'on'].includes(word)) return true;
    if (['false', '0', 'no', 'off'].includes(word)) return false;
    throw new Error(`'${text}' is neither true nor false`);
  }
  if (schema instanceof z.ZodArray && !text.trimStart().startsWith('[')) {
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
      .map((item) => parsedText(schema.element, item));
  }
  if (schema instanceof z.ZodArray || schema instanceof z.ZodRecord) {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Error(`is not valid JSON: ${(error as Error).message}`);
    }
  }
  return text;
}
