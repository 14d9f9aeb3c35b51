import { resolve } from 'node:path';
import { ConfigurationError } from '../../core/urls.ts';
import { Portcullis } from '../../portcullis/portcullis.ts';
import { databaseLabel } from '../../storage/open.ts';
import { readPublicKey } from '../client/bundle-keys.ts';
import { defineCommand } from '../command.ts';
import { databaseShown } from '../database-shown.ts';
import { configFor, dataFlags, serverFlags } from '../settings-flags.ts';
import { definitions, momentJson, momentText } from '../text.ts';
import { checkServerSettings, mcpFile, scopesWarning, warningsFor } from './facts.ts';

export const configCheck = defineCommand({
  name: 'config check',
  summary: 'Check the configuration; change nothing.',
  details:
    'Reads the files that are named and checks all that a start would, without a database. Warns of what is odd.',
  flags: { ...dataFlags, ...serverFlags, mcp: { value: 'FILE', description: 'Module that handles MCP requests.' } },
  async run({ flags, terminal }) {
    const config = configFor(flags, terminal);
    const { certificateExpiresAt } = checkServerSettings(config);
    for (const file of config.portcullis.clientMetadata.bundleKeys) readPublicKey(resolve(terminal.directory, file));
    const module = mcpFile(config.server.mcp, terminal.directory);
    if (module?.exists === false) throw new ConfigurationError(`mcp: there is no file ${module.path}`);
    const { settings, resources } = await checked(config.portcullis);
    const further = resources.all.filter(({ key }) => key !== resources.default.key);
    const warnings = [...warningsFor(config), ...scopesWarning(config, 'unread')];
    const facts: [string, string][] = [
      ['file', config.file ?? 'none'],
      ['MCP endpoint', settings.resource],
      ...further.map(({ key, uri }): [string, string] => [`resource ${key}`, uri]),
      ['issuer', settings.issuer],
      ['listens on', `${config.server.host} port ${config.server.port}`],
      ['database', databaseShown(config.portcullis.database, terminal.directory)],
      ...(certificateExpiresAt === undefined
        ? []
        : ([['certificate', `valid until ${momentText(certificateExpiresAt)} UTC`]] as [string, string][])),
    ];
    return {
      json: {
        ok: true,
        file: config.file ?? null,
        mcpUrl: settings.resource,
        resources: Object.fromEntries(further.map(({ key, uri }) => [key, uri])),
        issuer: settings.issuer,
        database: databaseLabel(config.portcullis.database),
        certificateExpiresAt: momentJson(certificateExpiresAt),
        warnings,
      },
      text: `The configuration is valid.\n\n${definitions(facts, terminal.columns)}${warnings.map((warning) => `\nWarning: ${warning}\n`).join('')}`,
    };
  },
});

/** Everything that is checked at start, with a database and a key that vanish. */
async function checked({
  masterKeyFile: _file,
  ...config
}: Parameters<typeof Portcullis.open>[0] & object): Promise<Portcullis> {
  const portcullis = await Portcullis.open({ ...config, database: ':memory:' });
  await portcullis.close();
  return portcullis;
}
