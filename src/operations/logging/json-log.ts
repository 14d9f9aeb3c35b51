import type { EventSink, SecurityEvent } from '../../core/events.ts';

const warnings: ReadonlySet<string> = new Set([
  'client.authentication_failed',
  'code.replayed',
  'code.verifier_mismatch',
  'token.reused',
  'request.rate_limited',
  'request.origin_refused',
  'user.sign_in_failed',
]);

/**
 * Writes each event as one line of JSON. Events carry identifiers and reasons, never secrets.
 * @param write receives one line without its newline
 * @param now milliseconds since the epoch
 */
export function jsonLog(write: (line: string) => void, now: () => number): EventSink {
  return (event) => write(JSON.stringify({ time: new Date(now()).toISOString(), level: levelOf(event), ...event, error: errorText(event.error) }));
}

function levelOf(event: SecurityEvent): 'info' | 'warn' | 'error' {
  if (event.name === 'server.error') return 'error';
  return warnings.has(event.name) ? 'warn' : 'info';
}

function errorText(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
