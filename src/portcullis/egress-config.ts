import { readFileSync } from 'node:fs';
import * as z from 'zod';
import type { EgressSettings } from '../core/egress/create.ts';
import { ConfigurationError } from '../core/urls.ts';

const strings = z.array(z.string()).readonly();
const positive = z.int().positive();
const seconds = (value: number) => z.int().nonnegative().default(value);

const privateHost = z.strictObject({
  host: z.string().meta({ description: 'Name or address, with `:port` where it is not 443.' }),
  caFile: z
    .string()
    .min(1)
    .meta({ description: 'PEM file of the authority, or authorities, that alone may vouch for it.' }),
});

const budget = (concurrent: number, requests: number) =>
  z
    .strictObject({
      concurrent: positive.default(concurrent).meta({ description: 'Fetches at the same time.' }),
      requests: positive.default(requests).meta({ description: 'Fetches begun within the window.' }),
    })
    .prefault({});

const cache = z
  .strictObject({
    minimumSeconds: seconds(10).meta({
      description: 'Floor: a document is not fetched again sooner, whatever it says of itself.',
    }),
    defaultSeconds: seconds(300).meta({ description: 'How long one is kept that does not say.' }),
    maximumSeconds: seconds(86_400).meta({ description: 'Ceiling, whatever it says of itself.' }),
    staleSeconds: seconds(3600).meta({ description: 'How much longer one is used while it cannot be fetched again.' }),
    failureSeconds: positive.default(30).meta({ description: 'How long a failure is remembered.' }),
    maximumEntries: positive.default(1000).meta({ description: 'Documents of each purpose that are kept.' }),
  })
  .prefault({});

/** What the server may fetch: the section `egress` of the configuration. */
export const egressSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .meta({ description: 'Whether this server fetches anything at all. What needs it is advertised only then.' }),
    allowedHosts: strings.optional().meta({
      description: 'Public host names that may be fetched from, *.example.com for those below one. Default: all.',
    }),
    deniedHosts: strings.default([]).meta({ description: 'Host names that may not, whatever else is allowed.' }),
    deniedNetworks: strings.default([]).meta({
      description: 'Networks in CIDR notation that are never connected to, such as your own public one.',
    }),
    allowedPorts: z
      .array(z.int().min(1).max(65_535))
      .readonly()
      .default([443])
      .meta({ description: 'Ports of public hosts.' }),
    privateHosts: z.array(privateHost).readonly().default([]).meta({
      description: 'Hosts inside the network that may be fetched from all the same: each with `host` and `caFile`.',
    }),
    timeoutSeconds: positive
      .max(60)
      .default(5)
      .meta({ description: 'For everything from the look-up of the name to the last byte.' }),
    maximumBytes: positive.default(5120).meta({ description: 'Largest client metadata document.' }),
    maximumKeySetBytes: positive.default(65_536).meta({ description: 'Largest key set.' }),
    windowSeconds: positive.default(60).meta({ description: 'Length of the sliding window of the budgets.' }),
    originBudget: budget(2, 30).meta({ description: 'What is fetched from one origin at most.' }),
    totalBudget: budget(16, 600).meta({
      description: 'What is fetched at most for each purpose: metadata of clients, keys of clients, keys of issuers.',
    }),
    cache: cache.meta({ description: 'How long documents are kept.' }),
    dangerouslyAllowInsecureLoopback: z.boolean().default(false).meta({
      description: 'Allows http and any port at localhost, 127.0.0.1 and [::1]. For development only.',
    }),
  })
  .prefault({});

/**
 * What the provider is told of it; `undefined` where nothing is fetched.
 * @throws ConfigurationError where a certificate cannot be read
 */
export function egressSettings(config: z.output<typeof egressSchema>): EgressSettings | undefined {
  if (!config.enabled) return undefined;
  const { maximumBytes, maximumKeySetBytes, cache, timeoutSeconds, windowSeconds, privateHosts, ...same } = config;
  return {
    allowedHosts: same.allowedHosts,
    deniedHosts: same.deniedHosts,
    deniedNetworks: same.deniedNetworks,
    allowedPorts: same.allowedPorts,
    privateHosts: privateHosts.map(({ host, caFile }) => ({ host, ca: readAuthority(host, caFile) })),
    timeout: timeoutSeconds * 1000,
    maximumBytes: {
      client_metadata: maximumBytes,
      client_keys: maximumKeySetBytes,
      issuer_keys: maximumKeySetBytes,
    },
    budgetWindow: windowSeconds * 1000,
    originBudget: same.originBudget,
    totalBudget: same.totalBudget,
    dangerouslyAllowInsecureLoopback: same.dangerouslyAllowInsecureLoopback,
    cache: {
      minimumLifetime: cache.minimumSeconds * 1000,
      defaultLifetime: cache.defaultSeconds * 1000,
      maximumLifetime: cache.maximumSeconds * 1000,
      staleLifetime: cache.staleSeconds * 1000,
      failureLifetime: cache.failureSeconds * 1000,
      maximumEntries: cache.maximumEntries,
    },
  };
}

function readAuthority(host: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigurationError(
      `egress.privateHosts: the certificate ${path} for '${host}' cannot be read: ${(error as Error).message}; name a PEM file that this user may read`,
    );
  }
}
