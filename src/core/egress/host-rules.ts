import { ConfigurationError } from '../urls.ts';

// RFC 1035 §2.3.4; with the underscore, which names in use have.
const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const labels = new RegExp(`^${label}(?:\\.${label})*$`);

/** Whether a text is a host name in lower case, without a dot at its end. */
export function isHostName(text: string): boolean {
  return text.length <= 253 && labels.test(text);
}

/**
 * Checks host names that the operator listed, for the setting's name in the message.
 * @throws ConfigurationError
 */
export function checkHostPatterns(setting: string, patterns: readonly string[]): void {
  for (const pattern of patterns) {
    if (isHostName(pattern.replace(/^\*\./, ''))) continue;
    throw new ConfigurationError(
      `${setting}: '${pattern}' must be a host name in lower case, such as apps.example.com, or *.example.com for everything below it`,
    );
  }
}

/** Whether a host is listed: by its name, or below a `*.` pattern. */
export function isListed(host: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => (pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern));
}
