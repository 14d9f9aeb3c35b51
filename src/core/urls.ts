import { BlockList, isIP } from 'node:net';
import type { ResourceUri } from './ids.ts';

const loopback = loopbackAddresses();

// Scheme, two slashes, a host as it is sent in a Host header. URL parsers accept and repair much else; clients compare bytes.
const plainUrl = /^https?:\/\/([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?(\/.*)?$/i;

/** A configured URL that cannot be used, with what to change. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** Whether a URL's host is this machine: `localhost`, 127.0.0.0/8 or `[::1]`. Look-alikes are not. */
export function isLoopbackHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(host);
  if (family === 4) return loopback.check(host, 'ipv4');
  if (family === 6) return loopback.check(host, 'ipv6');
  return host === 'localhost';
}

/**
 * Checks a URL that the operator configured: absolute, https (http only on loopback), no credentials, query or
 * fragment, and nothing that a URL parser would have to repair.
 * @param setting the setting's name, for the message
 * @throws ConfigurationError
 * @see RFC 8414 §2
 */
export function checkPublicUrl(setting: string, value: string): URL {
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw new ConfigurationError(
      `${setting} '${value}' is not an absolute URL; write for example https://mcp.example.com`,
    );
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url.hostname))) {
    throw new ConfigurationError(
      `${setting} '${value}' must use https (http is for localhost, 127.0.0.1 and [::1] only)`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigurationError(`${setting} '${value}' must not contain a user name or password`);
  }
  if (value.includes('?')) throw new ConfigurationError(`${setting} '${value}' must not have a query`);
  if (value.includes('#')) throw new ConfigurationError(`${setting} '${value}' must not have a fragment`);
  if (/[^\x21-\x7e]|["<>\\^`{|}]/.test(value)) {
    throw new ConfigurationError(
      `${setting} '${value}' must not contain white space, quotes, back-slashes or letters beyond ASCII (write international names in their xn-- form)`,
    );
  }
  if (!plainUrl.test(value) || /\/\.\.?(\/|$)/.test(value)) {
    throw new ConfigurationError(
      `${setting} '${value}' must be spelled in full and plainly, such as https://mcp.example.com/path`,
    );
  }
  return url;
}

/**
 * Checks the configured path of an MCP endpoint: one spelling, nothing that a router or a URL parser would read differently.
 * @throws ConfigurationError
 */
export function checkEndpointPath(setting: string, path: string): void {
  if (!/^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._~-]+)+$/.test(path))
    throw new ConfigurationError(`${setting} '${path}' must start with a slash and not end with one, such as /mcp`);
}

/** A configured URL without its trailing slash, otherwise byte for byte: endpoints are appended to it. */
export function withoutTrailingSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

/** The path of a URL without its trailing slash: '' for a bare origin. */
export function pathOf(url: string): string {
  return withoutTrailingSlash(new URL(url).pathname);
}

/** The scheme, host and port of a URL. */
export function originOf(url: string): string {
  return new URL(url).origin;
}

/**
 * The canonical form of a resource identifier: lower-case scheme and host, default port left out, and no slash
 * after a bare origin. `undefined` where the value cannot name a resource (relative, or with a fragment).
 * @see RFC 8707 §2
 */
export function canonicalResource(value: string): ResourceUri | undefined {
  if (value.includes('#') || /[\s\\]/.test(value) || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  const path = url.pathname === '/' ? '' : url.pathname;
  return `${url.origin}${path}${url.search}` as ResourceUri;
}

/** Inserts a well-known suffix between host and path, as RFC 8414 §3.1 and RFC 9728 §3.1 ask. */
export function wellKnownPath(suffix: string, identifier: string): string {
  return `/.well-known/${suffix}${pathOf(identifier)}`;
}

function loopbackAddresses(): BlockList {
  const addresses = new BlockList();
  addresses.addSubnet('127.0.0.0', 8, 'ipv4');
  addresses.addAddress('::1', 'ipv6');
  return addresses;
}
