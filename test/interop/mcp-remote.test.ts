import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { type NotesServer, password, startNotesServer } from '../support/notes-server.ts';
import { freePort } from './servers.ts';

const proxy = join(createRequire(import.meta.url).resolve('mcp-remote/package.json'), '../dist/proxy.js');
const stub = join(import.meta.dirname, 'browser-stub.ts');

let clock: ManualClock;
let server: NotesServer;
let folder: string;
const running: { readonly client: Client; readonly pid: number }[] = [];

beforeEach(async () => {
  clock = new ManualClock();
  server = await startNotesServer({ clock });
  await server.addUser('ada');
  folder = mkdtempSync(join(tmpdir(), 'portcullis-mcp-remote-'));
  const command = `#!/bin/sh\nexec "${process.execPath}" "${stub}" "$1"\n`;
  writeFileSync(join(folder, 'browser'), command, { mode: 0o755 });
});

afterEach(async () => {
  for (const { client, pid } of running.splice(0)) {
    await client.close();
    await expect.poll(() => isRunning(pid)).toBe(false);
  }
  await server.close();
  rmSync(folder, { recursive: true });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** An MCP client that knows stdio only, with `mcp-remote` between it and the server. */
async function connect(callbackPort: number): Promise<Client> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [proxy, server.mcpUrl, String(callbackPort)],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      MCP_REMOTE_CONFIG_DIR: join(folder, 'config'),
      BROWSER: join(folder, 'browser'),
      PERSON: JSON.stringify({ username: 'ada', password }),
      VISITS: join(folder, 'visits'),
    },
    stderr: 'ignore',
  });
  const client = new Client({ name: 'stdio only', version: '1' });
  await client.connect(transport, { timeout: 45_000 });
  running.push({ client, pid: transport.pid ?? 0 });
  return client;
}

async function call(client: Client, name: string, input: Record<string, unknown> = {}): Promise<string | undefined> {
  const { content } = await client.callTool({ name, arguments: input });
  return (content as readonly { text?: string }[])[0]?.text;
}

function visits(): string[] {
  return readFileSync(join(folder, 'visits'), 'utf8').trimEnd().split('\n');
}

describe('mcp-remote', () => {
  it('brings a stdio client to its tools by way of the browser, refreshes, and comes back without it [MCP-AUTH-01, MCP-AUTH-06]', async () => {
    const port = await freePort();
    const first = await connect(port);
    expect((await first.listTools()).tools.map(({ name }) => name)).toContain('list_notes');
    expect(await call(first, 'list_notes')).toBe('no notes yet');
    expect(visits()).toEqual(['/sign-in /consent /oauth/callback 200']);

    clock.advance(11 * 60_000);
    expect(await call(first, 'list_notes')).toBe('no notes yet');
    expect(server.events.map(({ name }) => name)).toContain('token.refreshed');
    await first.close();

    const second = await connect(port);
    expect(await call(second, 'list_notes')).toBe('no notes yet');
    expect(visits()).toHaveLength(1);
  });
});
