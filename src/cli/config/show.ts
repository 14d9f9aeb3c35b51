import { serveSchema } from '../../portcullis/serve-config.ts';
import { leavesOf } from '../../portcullis/settings-tree.ts';
import { databaseLabel } from '../../storage/open.ts';
import { defineCommand } from '../command.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { table } from '../text.ts';

const secretSettings: ReadonlySet<string> = new Set(['masterKey']);

export const configShow = defineCommand({
  name: 'config show',
  summary: 'Show the settings and where they come from.',
  details: 'Secrets are masked.',
  flags: dataFlags,
  async run({ flags, terminal }) {
    const { portcullis, server, origins } = configFor(flags, terminal);
    const settings: Readonly<Record<string, unknown>> = { ...portcullis, ...server };
    const rows = leavesOf(serveSchema).map(({ path }) => {
      const name = path.join('.');
      const value = valueAt(settings, path);
      return {
        name,
        value: shown(name, value),
        from: originOf(name, origins),
      };
    });
    return {
      json: { settings: rows.map(({ name, value, from }) => ({ name, value: value ?? null, from })) },
      text: table(
        ['SETTING', 'FROM', 'VALUE'],
        rows.map(({ name, value, from }) => [name, from, valueText(value)]),
        terminal.style,
      ),
    };
  },
});

function shown(name: string, value: unknown): unknown {
  if (value === undefined) return undefined;
  if (name === 'database') return databaseLabel(String(value));
  return secretSettings.has(name) ? '(set)' : value;
}

function valueAt(settings: Readonly<Record<string, unknown>>, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (place, name) =>
      typeof place === 'object' && place !== null ? (place as Record<string, unknown>)[name] : undefined,
    settings,
  );
}

function originOf(name: string, origins: ReadonlyMap<string, string>): string {
  return [...origins].find(([set]) => name === set || set.startsWith(`${name}.`))?.[1] ?? 'default';
}

function valueText(value: unknown): string {
  if (value === undefined) return '(not set)';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
