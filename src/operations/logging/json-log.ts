import type { EventSink, SecurityEvent } from '../../core/events.ts';
import { hideSecrets } from '../../core/hide-secrets.ts';
import { printableJson } from '../../core/printable-json.ts';

const warnings: ReadonlySet<string> = new Set([
  'client.registration_refused',
  'token.introspection_refused',
  'client.authentication_failed',
  'assertion.refused',
  'authorization.device_code_wrong',
  'code.replayed',
  'code.verifier_mismatch',
  'token.reused',
  'request.rate_limited',
  'request.origin_refused',
  'egress.refused',
  'user.sign_in_failed',
  'backup.restored',
]);

/**
 * Writes each event as one line of JSON. Events carry identifiers and reasons, never secrets.
 * @param write receives one line without its newline
 * @param now milliseconds since the epoch
 */
export function jsonLog(write: (line: string) => void, now: () => number): EventSink {
  return (event) =>
    write(
      printableJson({
        time: new Date(now()).toISOString(),
        level: levelOf(event),
        ...event,
        error: hidden(errorText(event.error)),
      }),
    );
}

function hidden(text: string | undefined): string | undefined {
  return text === undefined ? undefined : hideSecrets(text);
}

function levelOf(event: SecurityEvent): 'info' | 'warn' | 'error' {
  if (event.name === 'server.error') return 'error';
  return warnings.has(event.name) ? 'warn' : 'info';
}

const deepestCause = 5;

function errorText(error: unknown, depth = 0): string | undefined {
  if (error === undefined) return undefined;
  if (!(error instanceof Error)) return String(error);
  const hint = 'hint' in error && typeof error.hint === 'string' ? `\n  hint: ${error.hint}` : '';
  const cause = depth === deepestCause ? undefined : errorText(error.cause, depth + 1);
  return `${error.stack ?? error.message}${hint}${cause === undefined ? '' : `\ncaused by ${cause}`}`;
}
