import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { configSchema } from '../src/portcullis/config.ts';
import { variableName } from '../src/portcullis/environment-variables.ts';
import { serveSchema } from '../src/portcullis/serve-config.ts';

const root = join(import.meta.dirname, '..');
const usage = `node scripts/config-reference.ts [--check]
  writes the reference in docs/guides/configuration.md from the configuration schema
  --check  fails where it is out of date`;

/** Path of the page with the generated part, from the repository's root. */
export const configurationPage = 'docs/guides/configuration.md';

const begin = '<!-- reference: made by npm run config-reference, do not edit -->';
const end = '<!-- end of reference -->';

/** As much of JSON Schema as the configuration uses. */
interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** The reference in Markdown: every setting with its type, default, variable and meaning. */
export function renderReference(): string {
  const library = propertiesOf(configSchema);
  const server = propertiesOf(serveSchema);
  const further = Object.entries(server).filter(
    ([name, schema]) => JSON.stringify(schema) !== JSON.stringify(library[name]),
  );
  return [
    '## Settings of the library and of `portcullis serve`',
    ...tables(Object.entries(library), 'General'),
    '## Settings of `portcullis serve` alone',
    'Where a name stands in both lists, this is what holds for `portcullis serve`.',
    ...tables(further, 'Server'),
  ].join('\n\n');
}

/** The page with its reference replaced. */
export function withReference(page: string): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${configurationPage} lacks ${begin} or ${end}`);
  return `${before}${begin}\n\n${renderReference()}\n\n${end}${after}`;
}

function propertiesOf(schema: z.ZodObject): Readonly<Record<string, Schema>> {
  return (z.toJSONSchema(schema, { io: 'input' }) as Schema).properties ?? {};
}

/** One table for the settings that stand for themselves, and one for each group of settings. */
function tables(settings: readonly (readonly [string, Schema])[], title: string): string[] {
  const single = settings.filter(([, schema]) => membersOf(schema) === undefined);
  const groups = settings.filter(([, schema]) => membersOf(schema) !== undefined);
  return [
    `### ${title}`,
    table(single.map(([name, schema]) => row([name], schema))),
    ...groups.flatMap(([name, schema]) => [
      `### ${name}`,
      ...(schema.description === undefined || schema.properties === undefined ? [] : [schema.description]),
      table([
        ...(schema.properties === undefined ? [row([name], schema)] : []),
        ...Object.entries(membersOf(schema) ?? {}).flatMap(([member, inner]) =>
          rows(pathTo(name, schema, member), inner),
        ),
      ]),
    ]),
  ];
}

function rows(path: readonly string[], schema: Schema): string[] {
  const members = schema.properties;
  if (members === undefined) return [row(path, schema)];
  return Object.entries(members).flatMap(([name, inner]) => rows([...path, name], inner));
}

function membersOf({ properties, additionalProperties }: Schema): Readonly<Record<string, Schema>> | undefined {
  return properties ?? (typeof additionalProperties === 'object' ? additionalProperties.properties : undefined);
}

// The members of a record stand below a name that the operator chooses.
function pathTo(name: string, { properties }: Schema, member: string): readonly string[] {
  return properties === undefined ? [name, '<name>', member] : [name, member];
}

function table(lines: readonly string[]): string {
  return [
    '| setting | type | default | environment variable | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

function row(path: readonly string[], schema: Schema): string {
  const variable = path.includes('<name>') ? '' : code(variableName(path));
  const value = schema.default === undefined ? '' : code(JSON.stringify(schema.default));
  const cells = [code(path.join('.')), typeOf(schema), value, variable, schema.description ?? ''];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function typeOfList(items: Schema | undefined): string {
  if (items?.type === 'object') return 'list of objects, JSON in the variable';
  return items?.type === 'integer' ? 'list of whole numbers' : 'list of strings';
}

function typeOf(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => code(JSON.stringify(value))).join(', ');
  switch (schema.type) {
    case 'array':
      return typeOfList(schema.items);
    case 'integer':
    case 'number':
      return [schema.type === 'integer' ? 'whole number' : 'number', rangeOf(schema)]
        .filter((part) => part !== '')
        .join(', ');
    case 'string':
      return schema.maxLength === undefined ? 'string' : `string, at most ${schema.maxLength} characters`;
    case 'boolean':
      return 'true or false';
    case 'object':
      return 'object, JSON in the variable';
    default:
      return schema.type ?? '';
  }
}

function rangeOf({ minimum, exclusiveMinimum, maximum }: Schema): string {
  const most = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (minimum !== undefined && most !== undefined) return `${minimum} to ${most}`;
  const bounds = [
    exclusiveMinimum === undefined ? '' : `above ${exclusiveMinimum}`,
    minimum === undefined ? '' : `at least ${minimum}`,
    most === undefined ? '' : `at most ${most}`,
  ];
  return bounds.filter((bound) => bound !== '').join(', ');
}

function code(text: string): string {
  return `\`${text}\``;
}

function main(): void {
  const { values } = parseArgs({ options: { check: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) {
    console.log(usage);
    return;
  }
  const path = join(root, configurationPage);
  const page = readFileSync(path, 'utf8');
  const rendered = withReference(page);
  if (values.check) {
    if (page === rendered) return;
    console.error(`${configurationPage} is out of date: run npm run config-reference`);
    process.exitCode = 1;
    return;
  }
  writeFileSync(path, rendered);
}

if (import.meta.main) main();
