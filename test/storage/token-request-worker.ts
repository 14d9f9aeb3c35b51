import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';

/** What a worker is told: which server to be, and which token request to send how often, all at once. */
export interface WorkerTask {
  readonly config: PortcullisConfig & { readonly baseUrl: string };
  readonly form: Readonly<Record<string, string>>;
  readonly times: number;
}

/** One answer of a worker's server. */
export interface WorkerAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const task = JSON.parse(process.argv[2] ?? '') as WorkerTask;
const server = await Portcullis.open(task.config);
process.send?.('ready');
process.once('message', async () => {
  const answers = await Promise.all(Array.from({ length: task.times }, () => requestToken()));
  await server.close();
  process.send?.(answers);
  process.disconnect();
});

async function requestToken(): Promise<WorkerAnswer> {
  const request = new Request(`${task.config.baseUrl}/token`, { method: 'POST', body: new URLSearchParams(task.form) });
  const response = await server.handle(request);
  if (response === undefined) throw new Error('the token endpoint is not there');
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
