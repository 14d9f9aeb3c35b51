import { BlockList, isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * What an address is to us. `never`: no exception reaches it, because nothing good is there: metadata services of clouds,
 * link-local, multicast, reserved and translated addresses.
 */
export type AddressKind = 'public' | 'private' | 'never';

// RFC 6890 and the IANA registries of special-purpose addresses.
const privateAddresses = blockList([
  '10.0.0.0/8',
  '100.64.0.0/10', // RFC 6598: shared by a provider's customers.
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  'fc00::/7',
]);

// Reached through addresses that are otherwise private or public.
const metadataServices = blockList([
  '100.100.100.200/32', // Alibaba Cloud.
  '168.63.129.16/32', // Azure.
  'fd00:ec2::/32', // AWS.
  'fd20:ce::/32', // Google Cloud.
]);

const special = blockList([
  '0.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '2001::/23', // Teredo, benchmarking, ORCHID and other protocols' own.
  '2001:db8::/32',
  '2002::/16', // 6to4: an IPv4 address in disguise.
  '3fff::/20',
]);

const globalIpv6 = blockList(['2000::/3']);
const nat64 = blockList(['64:ff9b::/96']);
// A BlockList takes these for the IPv4 addresses within.
const mapped = blockList(['::ffff:0:0/96']);

/** @param address an IPv4 or IPv6 address; anything else is `never` */
export function addressKind(address: string): AddressKind {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return 'never';
  const isIn = (list: BlockList) => list.check(address, family === 4 ? 'ipv4' : 'ipv6');
  if (family === 6 && isIn(mapped)) return 'never';
  // RFC 6052 §2.1: where there is no IPv4, DNS64 hands out public addresses in this form.
  if (family === 6 && isIn(nat64)) return addressKind(endOf(address)) === 'public' ? 'public' : 'never';
  if (isIn(metadataServices) || isIn(special)) return 'never';
  if (isIn(privateAddresses)) return 'private';
  return family === 4 || isIn(globalIpv6) ? 'public' : 'never';
}

/**
 * Whether a list has an address, in whatever form it comes.
 * @param address an IPv4 or IPv6 address
 */
export function contains(list: BlockList, address: string): boolean {
  const end = isIP(address) === 6 && nat64.check(address, 'ipv6') ? endOf(address) : address;
  return list.check(end, isIP(end) === 4 ? 'ipv4' : 'ipv6');
}

function endOf(address: string): string {
  return ipaddr.parse(address).toByteArray().slice(12).join('.');
}

/** Networks in CIDR notation as one list. @throws Error naming the one that is wrong */
export function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIP(address);
    const length = bits === undefined ? (family === 4 ? 32 : 128) : Number(bits);
    if (family === 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits)) || length > (family === 4 ? 32 : 128))
      throw new Error(`'${network}' is no network such as 192.0.2.0/24 or 2001:db8::/32`);
    list.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
