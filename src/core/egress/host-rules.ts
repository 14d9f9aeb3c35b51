import { ConfigurationError } from '../urls.ts';

const labels = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;

/**
 * Checks host names that the operator listed, for the setting's name in the message.
 * @throws ConfigurationError
 */
export function checkHostPatterns(setting: string, patterns: readonly string[]): void {
  for (const pattern of patterns) {
    if (labels.test(pattern.replace(/^\*\./, '')) && pattern.length <= 253) continue;
    throw new ConfigurationError(
      `${setting}: '${pattern}' must be a host name in lower case, such as apps.example.com, or *.example.com for everything below it`,
    );
  }
}

/** Whether a host is listed: by its name, or below a `*.` pattern. */
export function isListed(host: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => (pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern));
}
