import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { basicCredentials, formPost, pkcePair } from '../../src/testing/test-client.ts';
import { SecretCollector, secretsIn } from './secrets/collector.ts';
import { temporaryDirectory } from './support/directories.ts';
import { filesMayNotGrow } from './support/full-disk.ts';
import { type Finished, publicOrigin, runProgram, type Server, startServer } from './support/server-process.ts';
import { Visitor } from './support/session.ts';
import { Wire } from './support/wire.ts';

const ada = { username: 'ada', password: 'violet kettle nine bridges' };
const environment = { PORTCULLIS_TOKENS__REFRESH_GRACE_SECONDS: '0' };

interface Run {
  readonly directory: string;
  readonly server: Server;
  readonly wire: Wire;
  readonly collector: SecretCollector;
  /** Resolves when everything that has gone over the wire was taken in. */
  readonly allSeen: () => Promise<unknown>;
}

async function startRun(): Promise<Run> {
  const directory = temporaryDirectory();
  const server = await startServer({ directory, environment });
  const collector = new SecretCollector();
  const pending: Promise<void>[] = [];
  const wire = new Wire(server.port, (...exchange) => pending.push(collector.see(...exchange)));
  onTestFinished(async () => {
    wire.close();
    await server.program.kill();
  });
  collector.add(readFileSync(join(directory, 'data', 'master.key'), 'utf8').trim());
  return { directory, server, wire, collector, allSeen: () => Promise.all(pending) };
}

/** The first administrator, after a wrong turn or two. */
async function setUp({ server, wire }: Run): Promise<void> {
  const { browser } = new Visitor(wire);
  await browser.visit(`${publicOrigin}/setup?token=${'x'.repeat(43)}`);
  await browser.visit(server.setupUrl ?? '');
  await browser.submit({ username: 'ada', password: 'one long passphrase', password_again: 'another passphrase' });
  await browser.submit({ username: 'ada', password: ada.password, password_again: ada.password });
  await browser.visit(server.setupUrl ?? '');
}

/** A public client: everything right once, and most of what can go wrong. */
async function publicClient(run: Run): Promise<Visitor> {
  const visitor = new Visitor(run.wire);
  await visitor.json('/register', { redirect_uris: ['javascript:alert(1)'] });
  await visitor.register();
  await visitor.signIn({ ...ada, password: 'the wrong passphrase' });
  await visitor.connect(ada);
  await visitor.call();
  const first = visitor.refreshToken;
  await visitor.refresh();
  await visitor.call();
  await visitor.token({ grant_type: 'refresh_token', refresh_token: first });
  await visitor.call();
  await visitor.connect(ada);
  await visitor.form('/revoke', { client_id: visitor.clientId, token: visitor.accessToken });
  await visitor.call();
  await visitor.get(`/mcp?access_token=${visitor.accessToken}`);
  return visitor;
}

/** A confidential client: its secret in every place, a code with the wrong verifier, and a code twice. */
async function confidentialClient({ wire }: Run): Promise<void> {
  const visitor = new Visitor(wire);
  const redirectUri = 'https://client.example/cb';
  const { body } = await visitor.json('/register', { client_name: 'Backend', redirect_uris: [redirectUri] });
  const [clientId, secret] = [String(body['client_id']), String(body['client_secret'])];
  const code = async () => {
    const { verifier, challenge } = pkcePair();
    const query = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    };
    let arrived = await visitor.browser.visit(`${publicOrigin}/authorize?${new URLSearchParams(query)}`);
    if (!(arrived instanceof URL) && arrived.url.pathname === '/sign-in')
      arrived = await visitor.browser.submit({ ...ada });
    if (!(arrived instanceof URL)) arrived = await visitor.browser.submitAndLeave({ decision: 'allow' });
    return {
      grant_type: 'authorization_code',
      code: arrived.searchParams.get('code') ?? '',
      code_verifier: verifier,
      redirect_uri: redirectUri,
    };
  };
  const redeem = async (form: Record<string, string>, password = secret) =>
    wire.send(formPost(`${publicOrigin}/token`, form, { authorization: basicCredentials(clientId, password) }));
  const good = await code();
  await redeem(good, 'not-the-secret-at-all');
  await redeem({ ...good, code_verifier: 'w'.repeat(43) });
  const better = await code();
  expect((await redeem(better)).status).toBe(200);
  expect((await redeem(better)).status).toBe(400);
  await redeem({ ...better, client_secret: secret });
}

/** Secrets where they do not belong, which messages would repeat. */
async function misplacedSecrets({ collector }: Run, visitor: Visitor): Promise<void> {
  const { clientId, refreshToken } = visitor;
  collector.isProvoking = true;
  for (const [name, value] of [
    ['client_id', refreshToken],
    ['scope', refreshToken],
    ['resource', refreshToken],
    ['response_type', refreshToken],
    ['prompt', refreshToken],
    ['redirect_uri', `http://localhost:9999/${refreshToken}`],
    [refreshToken, 'x'],
  ] as const) {
    const url = new URL(visitor.authorizeUrl());
    url.searchParams.set(name, value);
    await visitor.wire.send(new Request(url));
  }
  await visitor.token({ grant_type: refreshToken });
  await visitor.form('/token', { client_id: refreshToken, grant_type: 'refresh_token', refresh_token: 'x' });
  await visitor.token({
    grant_type: 'refresh_token',
    refresh_token: visitor.refreshToken,
    resource: `http://x/${refreshToken}`,
  });
  await visitor.json('/register', { redirect_uris: [`http://x/${refreshToken}`], client_name: refreshToken });
  await visitor.get(`/${refreshToken}`);
  await visitor.signIn({ username: ada.password, password: ada.password });
  await visitor.get(`/account?${clientId}=${refreshToken}`);
  collector.isProvoking = false;
}

/** What the administrator does, and what it printed. */
async function commands({ directory, collector }: Run): Promise<readonly Finished[]> {
  const password = 'quiet harbour lamp twelve';
  collector.add(password);
  const words = [
    ['user', 'add', 'bob', '--password-stdin'],
    ['user', 'add', 'bob', '--password-stdin'],
    ['user', 'password', 'ada', '--password-stdin'],
    ['user', 'list', '--json'],
    ['client', 'list', '--json'],
    ['grant', 'list', '--json'],
    ['grant', 'revoke', '--user', 'ada'],
    ['user', 'delete', 'nobody', '--yes'],
    ['config', 'show'],
  ];
  const ended: Finished[] = [];
  for (const one of words) ended.push(await runProgram(one, { directory, input: `${password}\n` }));
  const added = await runProgram(
    [
      'client',
      'add',
      '--name',
      'Desk',
      '--redirect-uri',
      'https://desk.example/cb',
      '--confidential',
      '--scopes',
      'a',
      '--json',
    ],
    { directory },
  );
  const { clientSecret } = JSON.parse(added.stdout) as { clientSecret: string };
  collector.add(clientSecret);
  // Shown once, on purpose.
  return [...ended, { ...added, stdout: added.stdout.replace(clientSecret, '') }];
}

test('no secret of a whole run is found in its logs, its output or its error answers, and every event of a request tells which [PITFALL-24, MCP-SEC-04]', async () => {
  const run = await startRun();
  const { server, collector, directory } = run;
  await setUp(run);
  const visitor = await publicClient(run);
  await confidentialClient(run);
  await misplacedSecrets(run, visitor);
  filesMayNotGrow.fill(server.program.pid, directory);
  await visitor.register();
  await visitor.token({ grant_type: 'refresh_token', refresh_token: visitor.refreshToken });
  await visitor.signIn(ada);
  filesMayNotGrow.free(server.program.pid, directory);
  const printed = await commands(run);
  server.program.signal('SIGTERM');
  const { stdout, stderr } = await server.program.finished;
  await run.allSeen();

  const { secrets, errors } = collector;
  expect(secrets.size).toBeGreaterThan(50);
  expect(errors.length).toBeGreaterThan(15);
  expect(secretsIn(stderr, secrets)).toEqual([]);
  // The link is the one secret that belongs on the standard output.
  expect(secretsIn(stdout.replace(server.setupUrl ?? '', ''), secrets)).toEqual([]);
  for (const { stdout: out, stderr: err } of printed) expect(secretsIn(out + err, secrets)).toEqual([]);
  for (const { url, status, body } of errors) {
    // A form that is shown again holds its own fields; nothing else may.
    const shown = body.replace(/<input type="hidden"[^>]*>/g, '');
    expect(secretsIn(shown, secrets), `${status} at ${url}: ${shown}`).toEqual([]);
  }

  const events = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; requestId?: string });
  const names = new Set(events.map(({ name }) => name));
  for (const name of [
    'code.replayed',
    'code.verifier_mismatch',
    'token.reused',
    'token.rejected',
    'client.authentication_failed',
    'user.sign_in_failed',
    'server.error',
  ]) {
    expect(names, name).toContain(name);
  }
  const outside = new Set(['setup.link_made', 'server.started', 'server.stopped']);
  for (const event of events)
    if (!outside.has(event.name)) expect(event).toMatchObject({ requestId: expect.stringMatching(/^[\w-]{22}$/) });
  const replayed = events.find(({ name }) => name === 'code.replayed');
  expect(
    events
      .filter(({ requestId }) => requestId === replayed?.requestId)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['code.replayed', 'grant.revoked']);
});
