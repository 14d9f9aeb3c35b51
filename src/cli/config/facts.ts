import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { isLoopbackHost } from '../../core/urls.ts';
import { TrustedProxies } from '../../hosts/client-address.ts';
import { readCertificate } from '../../operations/tls/certificate.ts';
import type { LoadedConfig } from '../../portcullis/load-config.ts';
import { exposedFileWarnings } from './exposed-files.ts';

/** What is odd about a configuration, though not wrong: one sentence each, with what to do. */
export function warningsFor(config: LoadedConfig): readonly string[] {
  const { portcullis, server } = config;
  const { hostname, port, protocol } = new URL(portcullis.baseUrl);
  const warnings: string[] = [];
  if (protocol === 'https:' && server.tls === undefined && server.trustedProxies.length === 0) {
    warnings.push(
      'baseUrl is https, but this server speaks http and trusts no proxy: everybody shares the limits of the proxy’s address. Name the proxy with trustedProxies.',
    );
  }
  const expected = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
  if (isLoopbackHost(hostname) && expected !== server.port && server.trustedProxies.length === 0) {
    warnings.push(
      `clients are told ${portcullis.baseUrl}, but the server listens on port ${server.port}: set both to the same port.`,
    );
  }
  if (isLoopbackHost(hostname) && !isLoopbackHost(server.host) && server.trustedProxies.length === 0) {
    warnings.push(
      `the server listens on ${server.host}, but clients of other machines cannot use ${portcullis.baseUrl}: set baseUrl to its public URL.`,
    );
  }
  return [...warnings, ...registrationWarnings(config), ...exposedFileWarnings(config)];
}

/** Where an administrator lets clients in, and documents that anybody publishes let others in beside. */
function registrationWarnings({ portcullis }: LoadedConfig): readonly string[] {
  const { registration, clientMetadata, egress } = portcullis;
  const { policy } = registration;
  const isAnybodyIn = clientMetadata.enabled && egress.enabled && clientMetadata.allowedHosts === undefined;
  if (!isAnybodyIn || (policy !== 'approval' && policy !== 'token')) return [];
  return [
    `registration.policy is ${policy}, but clients that come with a metadata document register nowhere, and anybody can publish one: list the hosts that may in clientMetadata.allowedHosts, or set clientMetadata.enabled to false.`,
  ];
}

/**
 * The warning where a configuration declares no scopes.
 * @param module `loaded`: its settings are in the configuration; `unread`: it may declare scopes that nobody has seen
 */
export function scopesWarning({ portcullis }: LoadedConfig, module: 'loaded' | 'unread'): readonly string[] {
  if (Object.keys(portcullis.scopes).length > 0) return [];
  switch (module) {
    case 'loaded':
      return ['no scopes are declared: every token can call every tool.'];
    case 'unread':
      return ['no scopes are declared here: unless the MCP module declares some, every token can call every tool.'];
  }
}

/**
 * Checks what `Portcullis.open` does not: the files and ranges that the server itself needs.
 * @throws ConfigurationError
 */
export function checkServerSettings({ server }: LoadedConfig): { readonly certificateExpiresAt?: number } {
  new TrustedProxies(server.trustedProxies);
  return server.tls === undefined ? {} : { certificateExpiresAt: readCertificate(server.tls).expiresAt };
}

/** Where the MCP module is, or `undefined` where none is named. */
export function mcpFile(
  mcp: string | undefined,
  directory: string,
): { readonly path: string; readonly exists: boolean } | undefined {
  if (mcp === undefined) return undefined;
  const path = isAbsolute(mcp) ? mcp : resolve(directory, mcp);
  return { path, exists: existsSync(path) };
}
