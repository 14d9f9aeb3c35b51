import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import type { WorkerAnswer } from './token-request-worker.ts';

export interface WorkerRequest {
  readonly method: 'POST' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
}

/** What a worker is told: which server to be, and which requests to send: all at once, or each after the one before. */
export interface RequestsTask {
  readonly config: PortcullisConfig;
  readonly requests: readonly WorkerRequest[];
  readonly pace: 'together' | 'in turn';
}

const task = JSON.parse(process.argv[2] ?? '') as RequestsTask;
const server = await Portcullis.open(task.config);
process.send?.('ready');
process.once('message', async () => {
  const answers = task.pace === 'together' ? await Promise.all(task.requests.map(send)) : await inTurn();
  await server.close();
  process.send?.(answers);
  process.disconnect();
});

/** Says when the first one was answered. */
async function inTurn(): Promise<WorkerAnswer[]> {
  const answers: WorkerAnswer[] = [];
  for (const request of task.requests) {
    answers.push(await send(request));
    if (answers.length === 1) process.send?.('begun');
  }
  return answers;
}

async function send({ method, url, headers = {}, form }: WorkerRequest): Promise<WorkerAnswer> {
  const body = form === undefined ? {} : { body: new URLSearchParams(form) };
  const response = await server.handle(new Request(url, { method, headers, ...body }));
  const text = (await response?.text()) ?? '';
  return {
    status: response?.status ?? 0,
    body: text === '' ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>),
  };
}
