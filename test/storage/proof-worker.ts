import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';

/** What a worker is told: which server to be, and which request to the MCP endpoint to look at how often, all at once. */
export interface ProofTask {
  readonly config: PortcullisConfig & { readonly baseUrl: string };
  readonly headers: Readonly<Record<string, string>>;
  readonly times: number;
}

const task = JSON.parse(process.argv[2] ?? '') as ProofTask;
const server = await Portcullis.open(task.config);
process.send?.('ready');
process.once('message', async () => {
  const answers = await Promise.all(Array.from({ length: task.times }, () => status()));
  await server.close();
  process.send?.(answers);
  process.disconnect();
});

/** 200 where the request may pass. */
async function status(): Promise<number> {
  const request = new Request(`${task.config.baseUrl}/mcp`, { method: 'POST', headers: task.headers });
  return (await server.authenticate(request)).response?.status ?? 200;
}
