import ipaddr from 'ipaddr.js';

/**
 * What rate limits count an address as: IPv4 whole, IPv6 by its /64, because one subscriber has all of that.
 * @param address as the host tells it; anything unparsable counts as one and the same
 */
export function addressKey(address: string | undefined): string {
  if (address === undefined || !ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return prefixOf(parsed, 64);
}

/** How many times what one address may do all addresses of one network may do together. */
export const networkShare = 10;

/**
 * The /48 of an IPv6 address: what one customer can be given, with 65,536 addresses as `addressKey` counts them.
 * @param address as the host tells it
 * @returns `undefined` for IPv4 and for what cannot be parsed
 */
export function networkKey(address: string | undefined): string | undefined {
  if (address === undefined || !ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4' ? undefined : prefixOf(parsed, 48);
}

function prefixOf(address: ipaddr.IPv4 | ipaddr.IPv6, bits: number): string {
  const bytes = address.toByteArray().slice(0, bits / 8);
  return `${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}/${bits}`;
}
