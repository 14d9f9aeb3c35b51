import { BlockList, isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { ConfigurationError } from '../core/urls.ts';

/**
 * The reverse proxies whose `X-Forwarded-For` is believed, as addresses and CIDR ranges. None by default.
 */
export class TrustedProxies {
  readonly #ranges = new BlockList();
  readonly #isEmpty: boolean;

  /**
   * @param ranges such as `10.0.0.0/8`, `fd00::/8` or `127.0.0.1`
   * @throws ConfigurationError for anything else
   */
  constructor(ranges: readonly string[] = []) {
    this.#isEmpty = ranges.length === 0;
    for (const range of ranges) {
      const [address = '', prefix, ...rest] = range.split('/');
      const family = isIP(address);
      const bits = family === 6 ? 128 : 32;
      const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : bits + 1;
      if (family === 0 || rest.length > 0 || length > bits) {
        throw new ConfigurationError(
          `trustedProxies contains '${range}', which is neither an IP address nor a CIDR range such as 10.0.0.0/8`,
        );
      }
      this.#ranges.addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4');
    }
  }

  /**
   * The address that a request came from: the socket's peer, or where that is a trusted proxy, the nearest hop before
   * it that is not one, read from right to left. What stands further left was written by the client.
   * @param peer the socket's remote address
   * @param forwardedFor the `X-Forwarded-For` header, several of them joined by commas
   * @returns `undefined` only where the socket has no address
   */
  clientAddress(peer: string | undefined, forwardedFor: string | undefined): string | undefined {
    let nearest = peer === undefined ? undefined : parseHop(peer);
    if (nearest === undefined) return peer;
    const hops = forwardedFor?.split(',') ?? [];
    while (this.#trusts(nearest)) {
      const hop = hops.pop();
      const address: string | undefined = hop === undefined ? undefined : parseHop(hop);
      if (address === undefined) break;
      nearest = address;
    }
    return nearest;
  }

  #trusts(address: string): boolean {
    return !this.#isEmpty && this.#ranges.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
}

/** One address in its shortest form, IPv4-mapped ones as IPv4; with or without a port. `undefined` for anything else. */
function parseHop(hop: string): string | undefined {
  const text = hop.trim();
  const bare =
    /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/.exec(text)?.[1] ?? text;
  const address = bare.replace(/%.*$/, '');
  switch (isIP(address)) {
    case 4:
      return address;
    case 6:
      return ipaddr.process(address).toString();
    default:
      return undefined;
  }
}
