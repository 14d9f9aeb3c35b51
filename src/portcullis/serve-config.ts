import { join } from 'node:path';
import * as z from 'zod';
import { ConfigurationError } from '../core/urls.ts';
import { configSchema, type ResolvedConfig } from './config.ts';

const positive = z.int().positive();
const file = z.string({ error: 'must name a file' }).min(1, 'must name a file');

/** `configSchema` with what only a server of its own needs: the settings of `portcullis serve`. */
export const serveSchema = configSchema.extend({
  baseUrl: z
    .string()
    .optional()
    .meta({ description: 'Public URL of this server; may have a path. Default: localhost with the port.' }),
  database: z
    .string()
    .optional()
    .meta({ description: 'File of the embedded SQLite database. Default: portcullis.db in the data directory.' }),
  data: z.string().min(1).default('./data').meta({ description: 'Directory of the database and the master key.' }),
  port: z.int().min(0).max(65_535).default(3000).meta({ description: 'TCP port to listen on; 0 takes any free one.' }),
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .meta({ description: 'Address to listen on; 0.0.0.0 or :: for every interface.' }),
  tls: z
    .strictObject({
      certificateFile: file.meta({
        description: 'Certificate chain in PEM form, the server’s own first. Read again when it changes.',
      }),
      keyFile: file.meta({ description: 'Private key of the certificate in PEM form. Read again when it changes.' }),
    })
    .optional()
    .meta({ description: 'Set to serve https without a proxy.' }),
  trustedProxies: z
    .array(z.string())
    .readonly()
    .default([])
    .meta({ description: 'Addresses and CIDR ranges of reverse proxies whose X-Forwarded-For is believed.' }),
  mcp: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'JavaScript or TypeScript file whose default export handles MCP requests.' }),
  shutdownSeconds: z
    .int()
    .nonnegative()
    .default(10)
    .meta({ description: 'How long requests in flight may take to finish at shutdown.' }),
  requestTimeoutSeconds: positive
    .default(60)
    .meta({ description: 'How long a client may take to send a whole request. Answers may take any time.' }),
});

/** The settings of `portcullis serve` as they are written down: everything has a default. */
export type ServeConfig = z.input<typeof serveSchema>;

/** Settings that name a file or a directory: in a configuration file, relative to that file. */
export const pathSettings: ReadonlySet<string> = new Set([
  'data',
  'database',
  'masterKeyFile',
  'tls.certificateFile',
  'tls.keyFile',
  'egress.privateHosts.caFile',
  'identityAssertions.issuers.keysFile',
  'softwareStatements.issuers.keysFile',
  'clientMetadata.bundleKeys',
  'mcp',
]);

const serverKeys = [
  'data',
  'port',
  'host',
  'tls',
  'trustedProxies',
  'mcp',
  'shutdownSeconds',
  'requestTimeoutSeconds',
] as const;

/** What the server is started with, beside what `Portcullis.open` takes. */
export type ServerSettings = Pick<z.output<typeof serveSchema>, (typeof serverKeys)[number]>;

/**
 * Parts checked settings into what `Portcullis.open` and what the server takes, and works out the base URL and the
 * database where they are not set.
 * @throws ConfigurationError where the base URL and TLS contradict each other
 */
export function splitConfig(settings: z.output<typeof serveSchema>): {
  readonly portcullis: ResolvedConfig;
  readonly server: ServerSettings;
} {
  const { data, port, host, tls, trustedProxies, mcp, shutdownSeconds, requestTimeoutSeconds, ...provider } = settings;
  const baseUrl = provider.baseUrl ?? localUrl(port, tls === undefined ? 'http' : 'https');
  if (tls !== undefined && baseUrl.startsWith('http:')) {
    throw new ConfigurationError(`baseUrl '${baseUrl}' must begin with https:, because tls is set`);
  }
  return {
    portcullis: { ...provider, baseUrl, database: provider.database ?? join(data, 'portcullis.db') },
    server: { data, port, host, tls, trustedProxies, mcp, shutdownSeconds, requestTimeoutSeconds },
  };
}

/** The base URL of a server that nobody has given one. */
function localUrl(port: number, scheme: 'http' | 'https'): string {
  const isDefault = port === (scheme === 'https' ? 443 : 80);
  return `${scheme}://localhost${isDefault ? '' : `:${port}`}`;
}
