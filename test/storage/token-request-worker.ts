import { Portcullis } from '../../src/portcullis/portcullis.ts';

/** What a worker is told: which server to be, and which token request to send how often, all at once. */
export interface WorkerTask {
  readonly config: { readonly baseUrl: string; readonly database: string };
  readonly form: Readonly<Record<string, string>>;
  readonly times: number;
}

const task = JSON.parse(process.argv[2] ?? '') as WorkerTask;
const server = await Portcullis.open(task.config);
process.send?.('ready');
process.once('message', async () => {
  const answers = await Promise.all(Array.from({ length: task.times }, () => redeem()));
  await server.close();
  process.send?.(answers);
  process.disconnect();
});

async function redeem(): Promise<{ status: number; body: Record<string, unknown> }> {
  const request = new Request(`${task.config.baseUrl}/token`, { method: 'POST', body: new URLSearchParams(task.form) });
  const response = await server.handle(request);
  if (response === undefined) throw new Error('the token endpoint is not there');
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
