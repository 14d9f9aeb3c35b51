import { Resolver as DnsResolver, lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { addressKind, blockList, contains } from './addresses.ts';
import { forbidden, unreachable } from './errors.ts';
import type { EgressPolicy } from './policy.ts';
import type { Target } from './target.ts';

/** Looks a host name up: every address, IPv4 and IPv6. Injected in tests. */
export type Resolver = (host: string, signal: AbortSignal) => Promise<readonly string[]>;

/** Addresses that one connection may be tried at. */
const maximumAddresses = 4;

/**
 * Asks for the addresses of a target, once, and answers those that may be connected to.
 * @throws EgressError `unreachable` where there is none, or where a single one may not be connected to
 */
export async function resolveTarget(
  target: Target,
  policy: EgressPolicy,
  resolver: Resolver | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const addresses = await addressesOf(target, resolver, signal);
  if (addresses.length === 0) throw unreachable('the host has no address');
  // All or nothing: a host with one address inside is not mistaken, it is an attempt.
  for (const address of addresses) {
    const problem = problemWith(address, target, policy);
    if (problem !== undefined) throw forbidden(`the host has the address ${address}, which ${problem}`);
  }
  return addresses.slice(0, maximumAddresses);
}

async function addressesOf(target: Target, resolver: Resolver | undefined, signal: AbortSignal) {
  const { host, trust } = target;
  if (isIP(host) !== 0) return [host];
  if (trust.kind === 'insecure loopback') return ['127.0.0.1', '::1'];
  const resolve = resolver ?? (trust.kind === 'private' ? askSystem : askDns);
  try {
    return await resolve(host, signal);
  } catch (error) {
    throw unreachable(`the host name cannot be resolved: ${(error as Error).message}`, error);
  }
}

function problemWith(address: string, { trust }: Target, policy: EgressPolicy): string | undefined {
  const kind = addressKind(address);
  if (kind === 'never') return 'nothing is ever fetched from';
  if (contains(policy.deniedNetworks, address)) return 'egress.deniedNetworks contains';
  if (trust.kind !== 'public') return undefined;
  if (kind === 'private') return 'is inside the network; list the host in egress.privateHosts if that is meant';
  return isOwn(address) ? 'is of this machine; list the host in egress.privateHosts if that is meant' : undefined;
}

// What a firewall keeps from the outside is open from here.
function isOwn(address: string): boolean {
  const own = Object.values(networkInterfaces()).flatMap((entries = []) => entries.map((entry) => entry.address));
  return contains(blockList(own), address);
}

// Not getaddrinfo: that cannot be called off, and a name server that never answers would hold the threads that hash
// passwords. Nor are search domains tried for a name that a stranger chose.
async function askDns(host: string, signal: AbortSignal): Promise<readonly string[]> {
  const resolver = new DnsResolver({ timeout: 2000, tries: 2 });
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const [first] = answers;
    if (addresses.length === 0 && first.status === 'rejected') throw first.reason;
    return addresses;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

// The operator named it, perhaps in /etc/hosts.
async function askSystem(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address);
}
