import type { Outcome, RawRequest, RawResponse } from '../support/raw-http.ts';
import type { FuzzedServer } from './server.ts';
import { marker } from './values.ts';

const innards =
  /node:internal|\bat .+\(.+:\d+:\d+\)|\/src\/|node_modules|SQLITE|(?:Type|Range|Syntax|Reference|Database|Configuration)\w*Error\b/;

/**
 * @param allowed statuses from 500 that are right for it
 * @returns what is wrong with how the server took a request, or `undefined`
 */
export function complaintAbout(
  request: RawRequest,
  outcome: Outcome,
  server: FuzzedServer,
  allowed: readonly number[] = [],
): string | undefined {
  const failures = server.takeFailures();
  const [failure] = failures;
  if (failures.length > 0) return `the server failed: ${failure instanceof Error ? failure.stack : String(failure)}`;
  switch (outcome.kind) {
    case 'hung':
      return 'no answer and no end';
    case 'closed':
      return 'the connection was closed without an answer';
    case 'answered':
      return wrongIn(request, outcome.response, allowed);
  }
}

function wrongIn(
  request: RawRequest,
  { status, headers, body }: RawResponse,
  allowed: readonly number[],
): string | undefined {
  if (!(status >= 200 && status < 500) && !allowed.includes(status)) return `status ${status}: ${body.slice(0, 300)}`;
  if (innards.test(body)) return `the answer tells of the program: ${body.slice(0, 300)}`;
  const type = headers.get('content-type') ?? '';
  if (type.startsWith('text/html') && body.includes(marker.slice(0, 5))) return 'a page repeats markup that was sent';
  if (status < 400) return undefined;
  if (request.method === 'HEAD' || isRefusedByNode(headers, body)) return undefined;
  return unclear(type, body);
}

/** An error is clear where a program finds its code, or a person its words. */
function unclear(type: string, body: string): string | undefined {
  if (type.startsWith('text/html'))
    return body.includes('<h1') ? undefined : `a page without a heading: ${body.slice(0, 300)}`;
  if (!type.startsWith('application/json')) return `an error of type '${type}': ${body.slice(0, 300)}`;
  const { error } = JSON.parse(body) as { readonly error?: unknown };
  return error === undefined ? `an error without a code: ${body.slice(0, 300)}` : undefined;
}

/** What Node refuses before anybody is asked has a status and nothing else. */
function isRefusedByNode(headers: RawResponse['headers'], body: string): boolean {
  return (
    body === '' &&
    [...headers.keys()].every((name) => ['connection', 'date', 'transfer-encoding', 'content-length'].includes(name))
  );
}
