import { type LoadedConfig, loadConfig } from '../portcullis/load-config.ts';
import type { ServeConfig } from '../portcullis/serve-config.ts';
import type { Setting } from '../portcullis/settings-tree.ts';
import type { Flags } from './command.ts';
import { CommandError } from './failures.ts';
import type { Terminal } from './terminal.ts';

/** Flags of every command that works on a server's data. */
export const dataFlags = {
  data: { value: 'DIRECTORY', description: 'Directory of the database and the master key (default: ./data).' },
  config: { value: 'FILE', description: 'Configuration file (default: ./portcullis.json, where there is one).' },
} as const satisfies Flags;

/** Flags for the settings of a server that are set most often. */
export const serverFlags = {
  port: { value: 'PORT', description: 'Port to listen on (default: 3000).' },
  host: { value: 'ADDRESS', description: 'Address to listen on (default: 127.0.0.1).' },
  'base-url': { value: 'URL', description: 'Public URL, where it is not http://localhost:PORT.' },
  name: { value: 'NAME', description: 'Name of the MCP server, as pages show it.' },
  'tls-certificate': {
    value: 'FILE',
    description: 'Certificate chain (PEM), to serve https; read again when it changes.',
  },
  'tls-key': { value: 'FILE', description: 'Its private key (PEM).' },
  'trust-proxy': {
    value: 'CIDR',
    repeatable: true,
    description: 'Address or range of a reverse proxy whose X-Forwarded-For is believed.',
  },
} as const satisfies Flags;

const settingOfFlag: Readonly<Record<string, string>> = {
  data: 'data',
  port: 'port',
  host: 'host',
  'base-url': 'baseUrl',
  name: 'name',
  mcp: 'mcp',
  'tls-certificate': 'tls.certificateFile',
  'tls-key': 'tls.keyFile',
  'trust-proxy': 'trustedProxies',
};

type GivenFlags = Readonly<Record<string, string | readonly string[] | true | undefined>>;

/**
 * Loads the configuration that a command is to work with.
 * @param defaults of the program that the command belongs to
 * @throws ConfigurationError, or CommandError for a port that is no number
 */
export function configFor(flags: GivenFlags, terminal: Terminal, defaults?: ServeConfig): LoadedConfig {
  const settings = Object.entries(flags).flatMap(([flag, value]): Setting[] => {
    const name = settingOfFlag[flag];
    if (name === undefined || value === undefined) return [];
    return [{ path: name.split('.'), value: flag === 'port' ? portNumber(String(value)) : value, origin: `--${flag}` }];
  });
  const { config: file } = flags;
  return loadConfig({
    defaults,
    file: typeof file === 'string' ? file : undefined,
    environment: terminal.environment,
    flags: settings,
    directory: terminal.directory,
  });
}

function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new CommandError('usage', `--port '${text}' is not a port number`);
}
