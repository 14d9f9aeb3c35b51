import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestBrowser } from '../../src/testing/test-browser.ts';
import { HeadlessBrowser } from './headless-browser.ts';
import { peerKinds } from './peers.ts';

const root = join(import.meta.dirname, '../..');
const person = { username: 'ada', password: 'violet kettle under nine bridges' };

let data: string;
const processes: ChildProcess[] = [];

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'portcullis-readme-'));
});

afterEach(async () => {
  for (const child of processes.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  rmSync(data, { recursive: true });
});

/** What `npm start` runs, once dependencies and build are there, and all that it prints until the server is up. */
async function npmStart(port: number): Promise<{ readonly child: ChildProcess; readonly printed: string }> {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { start: string } };
  const [command = '', ...args] = scripts.start.split(' ');
  const child = spawn(command === 'node' ? process.execPath : command, args, {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', PORT: String(port), PORTCULLIS_DATA: data },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  processes.push(child);
  let [printed, logged] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    logged += text;
  });
  child.once('exit', (code) => {
    logged += `\nit ended with ${code}`;
  });
  await expect.poll(() => (child.exitCode === null ? printed : logged), { timeout: 20_000 }).toContain('Ctrl+C');
  return { child, printed };
}

/** Ends it as Ctrl+C does. @returns its exit code */
async function ctrlC(child: ChildProcess): Promise<number | null> {
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  const [code] = await ended;
  return code as number | null;
}

describe('npm start', () => {
  it('is enough to get from a clone to an authorized tool call, and users and access outlive a restart [MCP-AUTH-01]', async () => {
    const first = await npmStart(0);
    const mcpUrl = /claude mcp add --transport http \S+ (\S+)/.exec(first.printed)?.[1] ?? '';
    const setupUrl = /https?:\/\/\S+\/setup\?token=\S+/.exec(first.printed)?.[0] ?? '';
    const { origin, port } = new URL(mcpUrl);

    const administrator = new TestBrowser((request) => fetch(request, { redirect: 'manual' }), origin);
    await administrator.visit(setupUrl);
    await administrator.submit({ ...person, password_again: person.password });
    expect(administrator.page.url.pathname).toBe('/account');

    const [kind] = peerKinds;
    if (kind === undefined) throw new Error('no client to go with');
    const client = kind.create(mcpUrl);
    const browser = new HeadlessBrowser(origin, person);
    expect(await client.connect()).toBe(false);
    await client.finish(await browser.authorize(client.state.takeAuthorizationUrl()));
    expect(await client.connect()).toBe(true);
    expect(await client.call('list_notes')).toBe('no notes yet');
    expect(await client.call('add_note', { text: 'buy milk' })).toBeUndefined();
    await client.finish(await browser.authorize(client.state.takeAuthorizationUrl()));
    expect(await client.call('add_note', { text: 'buy milk' })).toBe('added note 1');
    await client.close();
    expect(await ctrlC(first.child)).toBe(0);

    const second = await npmStart(Number(port));
    expect(second.printed).toContain(mcpUrl);
    expect(second.printed).not.toContain('/setup');
    expect(await client.connect()).toBe(true);
    expect(await client.call('list_notes')).toBe('no notes yet');
    await client.close();
    expect(await ctrlC(second.child)).toBe(0);
  });
});
