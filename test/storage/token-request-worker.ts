import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';

/** What a worker is told: which server to be, and which request to send how often, all at once. */
export interface WorkerTask {
  readonly config: PortcullisConfig & { readonly baseUrl: string };
  /** Default: `/token`. */
  readonly path?: string;
  readonly form: Readonly<Record<string, string>>;
  readonly times: number;
}

/** One answer of a worker's server; a redirect has no body. */
export interface WorkerAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const task = JSON.parse(process.argv[2] ?? '') as WorkerTask;
const server = await Portcullis.open(task.config);
process.send?.('ready');
process.once('message', async () => {
  const answers = await Promise.all(Array.from({ length: task.times }, () => request()));
  await server.close();
  process.send?.(answers);
  process.disconnect();
});

async function request(): Promise<WorkerAnswer> {
  const { path = '/token', form } = task;
  const url = `${task.config.baseUrl}${path}`;
  const response = await server.handle(new Request(url, { method: 'POST', body: new URLSearchParams(form) }));
  if (response === undefined) throw new Error(`${path} is not there`);
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}
