import type { Capability } from '../../core/capability.ts';
import type { Database } from '../../core/database.ts';
import { textResponse } from '../../core/text-response.ts';
import type { Readiness } from './readiness.ts';

export interface HealthServices {
  readonly database: Database;
  readonly readiness: Readiness;
  /** Public path prefix of the deployment, '' for none. */
  readonly prefix: string;
}

/** `/healthz`: the process answers. `/readyz`: the database answers too, and the server is not about to stop. */
export const health: Capability<HealthServices> = {
  name: 'health checks',
  specifications: [],
  routes: [
    { path: ({ prefix }) => `${prefix}/healthz`, methods: { GET: () => plain(200, 'ok') }, cors: 'none' },
    { path: ({ prefix }) => `${prefix}/readyz`, methods: { GET: answerReadiness }, cors: 'none' },
  ],
};

async function answerReadiness(_request: Request, { database, readiness }: HealthServices): Promise<Response> {
  if (readiness.hasEnded) return plain(503, 'the server is shutting down');
  try {
    await database.read('SELECT 1 AS ready');
    return plain(200, 'ready');
  } catch {
    return plain(503, 'the database does not answer');
  }
}

function plain(status: number, text: string): Response {
  return textResponse(`${text}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  });
}
