import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { run } from '../../src/cli/run.ts';
import { jsonLog } from '../../src/operations/logging/json-log.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import { createTestClient, sendTo } from '../../src/testing/test-client.ts';
import { dataDirectory, terminalIn } from './cli-support.ts';

// What terminals act on (C0, DEL, and the C1 forms of escape sequences), and what turns the reading direction around.
const dangerous = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]|\p{Cf}/u;
const hostile = 'Claude\u202egnp.exe \u2066x\u2069 \u{e0041}';

describe('names that strangers chose, at the operator’s terminal', () => {
  it('neither move its cursor nor reorder its lines, in tables and in JSON [PITFALL-14, RFC7591-15]', async () => {
    const data = dataDirectory();
    const portcullis = await Portcullis.open({ database: `${data}/portcullis.db` });
    await createTestClient(portcullis, { metadata: { client_name: hostile, software_id: hostile } });
    await portcullis.close();
    for (const words of [
      ['client', 'list'],
      ['client', 'list', '--json'],
      ['grant', 'list', '--json'],
    ]) {
      const { terminal, output } = terminalIn(data);
      expect(await run([...words, '--data', data], terminal), output()).toBe(0);
      expect(output()).not.toMatch(dangerous);
    }
    const { terminal, output } = terminalIn(data);
    await run(['client', 'list', '--json', '--data', data], terminal);
    expect(JSON.parse(output()).clients[0].clientName).toBe(hostile);
  });

  it('are refused at registration where they hold control characters, those beyond ASCII included [PITFALL-34]', async () => {
    const portcullis = await Portcullis.open({ database: ':memory:' });
    for (const control of ['\u0000', '\u001b[2J', '\u007f', '\u0085', '\u009b2J', '\u009d0;title\u009c']) {
      const response = await sendTo(portcullis)(
        new Request(portcullis.endpointUrl('register'), {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ redirect_uris: ['https://app.example/cb'], client_name: `x${control}` }),
        }),
      );
      expect([response.status, ((await response.json()) as { error: string }).error], JSON.stringify(control)).toEqual([
        400,
        'invalid_client_metadata',
      ]);
    }
    await portcullis.close();
  });
});

describe('the log', () => {
  it('stays one printable line for each event, whatever a stranger sends [PITFALL-24]', async () => {
    const lines: string[] = [];
    const portcullis = await Portcullis.open(
      { database: ':memory:' },
      { onEvent: jsonLog((line) => lines.push(line), Date.now) },
    );
    const client = await createTestClient(portcullis);
    const texts = [
      `x\r\n{"level":"info","name":"user.signed_in"}`,
      '\u001b[2J',
      '\u009b2J',
      hostile,
      '\u2028{"name":"forged"}',
    ];
    for (const text of texts) {
      for (const name of ['client_id', 'response_type', 'scope', 'redirect_uri', 'resource', 'prompt', text]) {
        const { url } = client.prepareAuthorization({ [name]: text });
        await portcullis.handle(new Request(url));
      }
      const body = new URLSearchParams({ grant_type: text, client_id: text, code: text });
      await portcullis.handle(new Request(portcullis.endpointUrl('token'), { method: 'POST', body }));
    }
    await portcullis.close();
    expect(lines.length).toBeGreaterThan(20);
    for (const line of lines) {
      expect(line).not.toMatch(dangerous);
      expect(line).not.toContain('\n');
      expect(JSON.parse(line).name).not.toBe('user.signed_in');
    }
  });
});

describe('secrets on the command line', () => {
  it('cannot be given as words, which other users of the machine and the shell’s history would see', () => {
    const taking = commands.flatMap(({ name, flags }) =>
      Object.entries(flags).flatMap(([flag, { value }]) => (value === undefined ? [] : [{ name, flag, value }])),
    );
    expect(taking.length).toBeGreaterThan(5);
    expect(taking.filter(({ flag, value }) => /pass|secret|key|token/i.test(flag) && value !== 'FILE')).toEqual([]);
    expect(
      commands.flatMap(({ positionals }) => Object.keys(positionals)).filter((name) => /pass|secret|key/i.test(name)),
    ).toEqual([]);
  });

  it('are not shown by config show, wherever they were set', async () => {
    const data = dataDirectory();
    const key = 'K'.repeat(43);
    for (const words of [
      ['config', 'show'],
      ['config', 'show', '--json'],
      ['config', 'check'],
      ['config', 'check', '--json'],
    ]) {
      const { terminal, output } = terminalIn(data, { PORTCULLIS_MASTER_KEY: key });
      await run(words, terminal);
      expect(output(), words.join(' ')).not.toContain(key);
    }
    const { terminal, output } = terminalIn(data, { PORTCULLIS_MASTER_KEY: `${key}!` });
    expect(await run(['user', 'add', 'ada', '--data', data], terminal)).toBe(2);
    expect(output()).not.toContain(key);
  });
});
