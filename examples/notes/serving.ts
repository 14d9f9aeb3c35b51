import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type OAuthProvider, Portcullis } from 'portcullis';
import { noteScopes } from './notes.ts';

export interface StartOptions {
  /** 0: any free one. */
  readonly port: number;
  /** Makes the provider once the public URL is known. */
  readonly provider?: (baseUrl: string) => OAuthProvider | Promise<OAuthProvider>;
}

export interface Running {
  readonly provider: OAuthProvider;
  /** The MCP endpoint. */
  readonly url: string;
  close(): Promise<void>;
}

export type Start = (options: StartOptions) => Promise<Running>;

/** Portcullis with the scopes of the notes and its database in `./data`. */
export function openPortcullis(baseUrl: string): Promise<Portcullis> {
  const data = process.env['PORTCULLIS_DATA'] ?? './data';
  return Portcullis.open({
    baseUrl,
    name: 'Notes',
    scopes: noteScopes,
    requiredScopes: ['notes:read'],
    database: `${data}/portcullis.db`,
  });
}

/** A server that listens already, so that its public URL is known when the provider is made. */
export async function listen(port: number): Promise<{ readonly server: Server; readonly baseUrl: string }> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, '127.0.0.1', resolve);
  await promise;
  return { server, baseUrl: `http://localhost:${(server.address() as AddressInfo).port}` };
}

/** Stops a server, open streams included. */
export async function stop(server: Server): Promise<void> {
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  server.closeAllConnections();
  await closed.promise;
}

/** Runs an example until it is interrupted. */
export async function run(start: Start): Promise<void> {
  const { provider, url, close } = await start({ port: Number(process.env['PORT'] ?? 3000) });
  console.log(`MCP endpoint:  ${url}\nConnect with:  claude mcp add --transport http notes ${url}`);
  const setupUrl = provider instanceof Portcullis ? await provider.setupUrl() : undefined;
  if (setupUrl !== undefined) console.log(`First, make an administrator:  ${setupUrl}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, async () => {
      await close();
      if (provider instanceof Portcullis) await provider.close();
    });
  }
}
