import { X509Certificate } from 'node:crypto';
import { type BlockList, isIP } from 'node:net';
import { ConfigurationError } from '../urls.ts';
import { blockList } from './addresses.ts';
import { type FetchPurpose, fetchPurposes } from './fetcher.ts';
import { checkHostPatterns } from './host-rules.ts';

/** A host inside the network that may be fetched from all the same. */
export interface PrivateHost {
  /** Name or address, with `:port` where it is not 443: `idp.internal`, `10.0.0.5:8443`. */
  readonly host: string;
  /** PEM of the authority, or authorities, that alone may vouch for it. */
  readonly ca: string;
}

/** How much may be fetched. */
export interface FetchBudget {
  /** Fetches at the same time. */
  readonly concurrent: number;
  /** Fetches begun within the window. */
  readonly requests: number;
}

/** What may be fetched, and how much. Without these options nothing is. */
export interface EgressOptions {
  /** Host names that may be fetched from, `*.example.com` for those below one. Default: every public host. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Host names that may not, whatever else is allowed. */
  readonly deniedHosts?: readonly string[] | undefined;
  /** Networks in CIDR notation that are never connected to, such as your own public one. */
  readonly deniedNetworks?: readonly string[] | undefined;
  /** Ports of public hosts. Default: 443. */
  readonly allowedPorts?: readonly number[] | undefined;
  readonly privateHosts?: readonly PrivateHost[] | undefined;
  /** For everything from the look-up of the name to the last byte, in milliseconds. Default: 5000. */
  readonly timeout?: number | undefined;
  /** Largest body, in bytes. */
  readonly maximumBytes?: Readonly<Partial<Record<FetchPurpose, number>>> | undefined;
  /** Length of the window that budgets count in, in milliseconds. Default: one minute. */
  readonly budgetWindow?: number | undefined;
  /** Of one origin. Default: 2 at once, 30 in the window. */
  readonly originBudget?: FetchBudget | undefined;
  /** Of each purpose in total, so that clients cannot starve what the operator set up. Default: 16 at once, 600 in the window. */
  readonly totalBudget?: FetchBudget | undefined;
  /** Allows http, and any port, at localhost, 127.0.0.1 and [::1]. For development: whoever names a URL then reaches every service there. */
  readonly dangerouslyAllowInsecureLoopback?: boolean | undefined;
}

/** Checked options with every default filled in. */
export interface EgressPolicy {
  readonly allowedHosts: readonly string[] | undefined;
  readonly deniedHosts: readonly string[];
  readonly deniedNetworks: BlockList;
  readonly allowedPorts: ReadonlySet<number>;
  /** `host:port` → PEM. */
  readonly privateHosts: ReadonlyMap<string, string>;
  readonly timeout: number;
  readonly maximumBytes: Readonly<Record<FetchPurpose, number>>;
  readonly budgetWindow: number;
  readonly originBudget: FetchBudget;
  readonly totalBudget: FetchBudget;
  readonly allowsInsecureLoopback: boolean;
}

/** @throws ConfigurationError naming the option and what to change */
export function resolvePolicy(options: EgressOptions): EgressPolicy {
  checkHostPatterns('egress.allowedHosts', options.allowedHosts ?? []);
  checkHostPatterns('egress.deniedHosts', options.deniedHosts ?? []);
  return {
    allowedHosts: options.allowedHosts,
    deniedHosts: options.deniedHosts ?? [],
    deniedNetworks: networks(options.deniedNetworks ?? []),
    allowedPorts: new Set(options.allowedPorts ?? [443]),
    privateHosts: new Map((options.privateHosts ?? []).map(privateHost)),
    timeout: options.timeout ?? 5000,
    maximumBytes: {
      client_metadata: fetchPurposes.client_metadata.maximumBytes,
      client_keys: fetchPurposes.client_keys.maximumBytes,
      issuer_keys: fetchPurposes.issuer_keys.maximumBytes,
      ...options.maximumBytes,
    },
    budgetWindow: options.budgetWindow ?? 60_000,
    originBudget: options.originBudget ?? { concurrent: 2, requests: 30 },
    totalBudget: options.totalBudget ?? { concurrent: 16, requests: 600 },
    allowsInsecureLoopback: options.dangerouslyAllowInsecureLoopback ?? false,
  };
}

function networks(listed: readonly string[]): BlockList {
  try {
    return blockList(listed);
  } catch (error) {
    throw new ConfigurationError(`egress.deniedNetworks: ${(error as Error).message}`);
  }
}

function privateHost({ host, ca }: PrivateHost): [string, string] {
  const [, name = '', port = '443'] = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+?)(?::(\d{1,5}))?$/.exec(host) ?? [];
  const written = `https://${name}${port === '443' ? '' : `:${port}`}/`;
  if (name === '' || !URL.canParse(written) || new URL(written).href !== written) {
    throw new ConfigurationError(
      `egress.privateHosts: '${host}' must be a host name or address in lower case, with :port where it is not 443`,
    );
  }
  if (isIP(name) === 0 && !name.startsWith('[')) checkHostPatterns('egress.privateHosts', [name]);
  try {
    void new X509Certificate(ca);
  } catch (error) {
    throw new ConfigurationError(
      `egress.privateHosts: the certificate for '${host}' is not usable PEM: ${(error as Error).message}`,
    );
  }
  return [`${name}:${port}`, ca];
}
