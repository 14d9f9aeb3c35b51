import { isIP } from 'node:net';
import { isLoopbackHost } from '../urls.ts';
import { EgressError } from './errors.ts';
import { isHostName, isListed } from './host-rules.ts';
import type { EgressPolicy } from './policy.ts';

/** Where a checked URL leads. */
export interface Target {
  readonly url: URL;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly trust:
    | { readonly kind: 'public' }
    /** Excepted by the operator, who pinned its authority. */
    | { readonly kind: 'private'; readonly ca: string }
    /** Excepted by the operator: plain http on this machine. */
    | { readonly kind: 'insecure loopback' };
}

export const maximumUrlLength = 2048;

// RFC 6761, RFC 6762, RFC 7686, RFC 8375, RFC 9476; `internal` by ICANN's resolution of 2024.
const namesOfNoPublicHost = [
  'localhost',
  'local',
  'internal',
  'invalid',
  'test',
  'onion',
  'alt',
  'arpa',
  'lan',
  'home',
  'corp',
];

/**
 * Reads a URL and decides by the rules whether it may be fetched. Nobody is asked anything.
 * @throws EgressError `invalid_url` or `host_refused`
 */
export function parseTarget(text: string, policy: EgressPolicy): Target {
  const url = parsePlainUrl(text);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol === 'http:') return insecureTarget(url, host, policy);
  const port = url.port === '' ? 443 : Number(url.port);
  const target = { url, host, port };
  if (isListed(host, policy.deniedHosts)) throw refused(host, 'is denied', 'egress.deniedHosts lists it');
  const ca = policy.privateHosts.get(`${url.hostname}:${port}`);
  if (ca !== undefined) return { ...target, trust: { kind: 'private', ca } };
  if (isIP(host) !== 0) throw invalid('must have a host name, not an address');
  const last = host.slice(host.lastIndexOf('.') + 1);
  if (!host.includes('.') || namesOfNoPublicHost.includes(last)) {
    throw refused(host, 'is no public host', 'list it in egress.privateHosts if it is to be fetched from');
  }
  if (policy.allowedHosts !== undefined && !isListed(host, policy.allowedHosts)) {
    throw refused(host, 'is not among the allowed ones', 'egress.allowedHosts does not list it');
  }
  if (!policy.allowedPorts.has(port)) throw invalid(`must not use port ${port}`);
  return { ...target, trust: { kind: 'public' } };
}

function insecureTarget(url: URL, host: string, policy: EgressPolicy): Target {
  if (!policy.allowsInsecureLoopback || !isLoopbackHost(url.hostname)) throw invalid('must use https');
  return { url, host, port: url.port === '' ? 80 : Number(url.port), trust: { kind: 'insecure loopback' } };
}

// Two parsers that read one URL differently are how such checks are passed by. What has one reading is accepted: printable
// ASCII that comes out of the parser as it went in.
function parsePlainUrl(text: string): URL {
  if (text.length > maximumUrlLength) throw invalid(`must not be longer than ${maximumUrlLength} characters`);
  if (!URL.canParse(text)) throw invalid('must be an absolute URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw invalid('must use https');
  if (url.username !== '' || url.password !== '') throw invalid('must not contain a user name or password');
  if (text.includes('#')) throw invalid('must not have a fragment');
  if (url.href !== text && url.href !== `${text}/`) {
    throw invalid('must be written in its normal form (lower-case host, no default port, no dot segments, ASCII only)');
  }
  if (!url.hostname.startsWith('[') && !isHostName(url.hostname))
    throw invalid('must have a plain host name, without a dot at its end');
  return url;
}

function invalid(reason: string): EgressError {
  return new EgressError('invalid_url', `the URL ${reason}`);
}

function refused(host: string, reason: string, detail: string): EgressError {
  return new EgressError('host_refused', `this server does not fetch from ${host}: it ${reason}`, { detail });
}
