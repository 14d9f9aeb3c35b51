import ipaddr from 'ipaddr.js';

/**
 * What rate limits count an address as: IPv4 whole, IPv6 by its /64, because one subscriber has all of that.
 * @param address as the host tells it; anything unparsable counts as one and the same
 */
export function addressKey(address: string | undefined): string {
  if (address === undefined || !ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${parsed
    .toByteArray()
    .slice(0, 8)
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')}/64`;
}
