import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDocuments, root } from './documents.ts';
import { runToEnd, type Sample, start, Workspace } from './samples.ts';
import { Visitor } from './visitor.ts';

const blocks = readDocuments().flatMap(({ blocks }) => blocks);
const typescript = blocks.filter(({ language }) => language === 'ts');
const excerpts = typescript.filter(({ words }) => words[0] === 'from');
const whole = typescript.filter(({ words }) => words[0] !== 'from');

let workspace: Workspace;
let samples: readonly Sample[];

beforeAll(() => {
  workspace = new Workspace();
  samples = workspace.write(whole);
});

afterAll(() => workspace.remove());

function sampleAt(document: string, line: number): Sample {
  const sample = samples.find(({ block }) => block.document === document && block.line === line);
  if (sample === undefined) throw new Error(`no sample at ${document}:${line}`);
  return sample;
}

function titled(...uses: readonly (string | undefined)[]): [string, string, number][] {
  return whole
    .filter(({ words }) => uses.includes(words[1]))
    .map(({ document, line, words }) => [`${document}: ${words[0]}`, document, line]);
}

test('every sample compiles in strict mode against the built package', () => {
  expect(workspace.compile(samples)).toBe('');
});

test('every code block names a language that is checked or plain', () => {
  const checked = ['ts', 'sh', 'json', 'text', 'http', 'nginx', 'caddyfile', 'ini', 'python', 'yaml'];
  expect(
    blocks
      .filter(({ language }) => !checked.includes(language))
      .map(({ document, line, language }) => `${document}:${line} ${language}`),
  ).toEqual([]);
});

test.for(excerpts.map((block): [string, typeof block] => [`${block.document}:${block.line}`, block]))(
  '%s is part of the file that it names',
  ([, block]) => {
    const [, path = ''] = block.words;
    const file = withoutLayout(readFileSync(join(root, path), 'utf8'));
    expect(file.includes(withoutLayout(block.text)), `${path} has no such code`).toBe(true);
  },
);

describe('samples that serve', () => {
  test.for(titled('serves', 'module'))(
    '%s guards its MCP endpoint and says where tokens come from',
    async ([, document, line]) => {
      const sample = sampleAt(document, line);
      const running = await start(sample);
      try {
        await visit(running.port, baseUrlOf(sample));
      } catch (error) {
        throw new Error(`${sample.name} printed:\n${running.output()}`, { cause: error });
      } finally {
        await running.stop();
      }
    },
  );
});

describe('samples that end by themselves', () => {
  test.for(titled('tests', undefined))('%s runs without an error', ([, document, line]) => {
    const { status, output } = runToEnd(sampleAt(document, line));
    expect(status, output).toBe(0);
  });
});

/** What a client does before its user is asked for anything. */
async function visit(port: number, baseUrl: string): Promise<void> {
  const visitor = new Visitor(port, baseUrl);
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  const refused = await visitor.postJson('/mcp', message);
  expect(refused.status, refused.text).toBe(401);
  const resourceMetadata = /resource_metadata="([^"]+)"/.exec(String(refused.headers['www-authenticate']))?.[1] ?? '';
  const resource = await visitor.ask(new URL(resourceMetadata).pathname);
  const described = JSON.parse(resource.text) as { resource: string; authorization_servers: string[] };
  expect(described.resource).toBe(new URL('/mcp', baseUrl).href);
  const metadata = await visitor.ask('/.well-known/oauth-authorization-server');
  const server = JSON.parse(metadata.text) as {
    issuer: string;
    authorization_endpoint: string;
    registration_endpoint: string;
  };
  expect(described.authorization_servers).toEqual([server.issuer]);
  const registered = await visitor.postJson(new URL(server.registration_endpoint).pathname, {
    redirect_uris: ['http://localhost/cb'],
    token_endpoint_auth_method: 'none',
  });
  expect(registered.status, registered.text).toBe(201);
  const { client_id } = JSON.parse(registered.text) as { client_id: string };
  const query = new URLSearchParams({
    client_id,
    response_type: 'code',
    code_challenge: 'a'.repeat(43),
    code_challenge_method: 'S256',
  });
  const authorized = await visitor.ask(`${new URL(server.authorization_endpoint).pathname}?${query}`);
  expect(authorized.status, authorized.text).toBe(302);
  expect(new URL(String(authorized.headers.location)).searchParams.get('error')).toBeNull();
}

function baseUrlOf({ block }: Sample): string {
  return /baseUrl:\s*'([^']+)'/.exec(block.text)?.[1] ?? 'http://localhost:3000';
}

// Layout is not what an excerpt is about.
function withoutLayout(text: string): string {
  return text.replace(/\s+/g, '').replace(/,(?=[)\]}])/g, '');
}
