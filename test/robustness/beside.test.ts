import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { authorizationRequest, redeemCode, refresh, registerApp } from './crash/client.ts';
import { temporaryDirectory } from './support/directories.ts';
import { Seeded } from './support/seeded.ts';
import { Program, runProgram, type Server, startServer } from './support/server-process.ts';
import { Visitor } from './support/session.ts';
import { Wire } from './support/wire.ts';

const ada = { username: 'ada', password: 'violet kettle nine bridges' };
const environment = { PORTCULLIS_TOKENS__REFRESH_GRACE_SECONDS: '0' };

async function started(directory: string): Promise<{ server: Server; wire: Wire }> {
  const server = await startServer({ directory, environment });
  const wire = new Wire(server.port);
  onTestFinished(async () => {
    wire.close();
    await server.program.kill();
  });
  return { server, wire };
}

/** Two servers that somebody has started on one file, and its administrator. */
async function twoServers(): Promise<{ directory: string; one: Wire; two: Wire; servers: readonly Server[] }> {
  const directory = temporaryDirectory();
  const added = await runProgram(['user', 'add', 'ada', '--role', 'admin', '--password-stdin'], {
    directory,
    input: `${ada.password}\n`,
  });
  expect(added).toMatchObject({ code: 0 });
  const first = await started(directory);
  const second = await started(directory);
  return { directory, one: first.wire, two: second.wire, servers: [first.server, second.server] };
}

/** Codes of one app, which were issued by one of the servers. */
async function codesFrom(wire: Wire, count: number) {
  const app = await registerApp(wire, 'client_secret_basic');
  const visitor = new Visitor(wire);
  const codes: { code: string; verifier: string }[] = [];
  for (let n = 0; n < count; n += 1) {
    const { url, verifier } = authorizationRequest(app);
    let arrived = await visitor.browser.visit(url);
    if (!(arrived instanceof URL) && arrived.url.pathname === '/sign-in')
      arrived = await visitor.browser.submit({ ...ada });
    if (!(arrived instanceof URL)) arrived = await visitor.browser.submitAndLeave({ decision: 'allow' });
    codes.push({ code: arrived.searchParams.get('code') ?? '', verifier });
  }
  return { app, codes };
}

test('of two servers on one file, one redeems a code and one rotates a refresh token, never both [PITFALL-03, PITFALL-05, PITFALL-35]', async () => {
  const { one, two } = await twoServers();
  const { app, codes } = await codesFrom(one, 15);
  for (const [index, { code, verifier }] of codes.entries()) {
    const wires = index % 2 === 0 ? [one, two] : [two, one, one, two];
    const answers = await Promise.all(wires.map((wire) => redeemCode(app, wire, code, verifier)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...wires.slice(1).map(() => 400)]);
  }
  const fresh = await codesFrom(two, 10);
  for (const { code, verifier } of fresh.codes) {
    const { body } = await redeemCode(fresh.app, one, code, verifier);
    const token = String(body['refresh_token']);
    const answers = await Promise.all([one, two, one, two].map((wire) => refresh(fresh.app, wire, token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400]);
  }
});

test('what one of two servers on one file revokes, the other refuses at once, tokens that it has just seen included [CASE-61, OAUTH21-42]', async () => {
  const { directory, one, two } = await twoServers();
  const [left, right] = [new Visitor(one), new Visitor(two)];
  await left.register();
  for (let n = 0; n < 8; n += 1) {
    await left.connect(ada);
    right.accessToken = left.accessToken;
    expect([(await left.call()).status, (await right.call()).status]).toEqual([200, 200]);
    const revoker = n % 2 === 0 ? left : right;
    await revoker.form('/revoke', { client_id: left.clientId, token: left.refreshToken });
    expect([(await left.call()).status, (await right.call()).status]).toEqual([401, 401]);
  }
  await left.connect(ada);
  right.accessToken = left.accessToken;
  expect([(await left.call()).status, (await right.call()).status]).toEqual([200, 200]);
  expect(await runProgram(['grant', 'revoke', '--user', 'ada'], { directory })).toMatchObject({ code: 0 });
  expect([(await left.call()).status, (await right.call()).status]).toEqual([401, 401]);
});

test('a client, a sign-in and a request of one server are those of the other, which goes on when the first is killed', async () => {
  const { directory, one, two, servers } = await twoServers();
  const visitor = new Visitor(one);
  await visitor.register();
  await visitor.connect(ada);
  const other = new Visitor(two);
  other.clientId = visitor.clientId;
  expect((await other.token({ grant_type: 'refresh_token', refresh_token: visitor.refreshToken })).status).toBe(200);
  // The browser's cookies are good at both, and so is a page that one has shown.
  const { url } = authorizationRequest({
    clientId: visitor.clientId,
    clientSecret: undefined,
    authMethod: 'none',
    state: 'live',
  });
  await visitor.browser.visit(`${url}&prompt=consent`);
  one.port = two.port;
  expect((await visitor.browser.submitAndLeave({ decision: 'allow' })).searchParams.has('code')).toBe(true);
  await servers[0]?.program.kill();
  await visitor.connect(ada);
  expect((await visitor.refresh()).status).toBe(200);
  const { server } = await started(directory);
  expect(server.program.stderr).not.toContain('"error"');
});

test('servers that start at the same moment where nothing is yet agree on one key and one database', async () => {
  const directory = temporaryDirectory();
  const all = await Promise.all([started(directory), started(directory), started(directory)]);
  const keys = await Promise.all(all.map(async ({ wire }) => (await new Visitor(wire).get('/jwks.json')).text));
  expect(new Set(keys).size).toBe(1);
  const [first, second] = all.map(({ wire }) => new Visitor(wire));
  expect(
    (await runProgram(['user', 'add', 'ada', '--password-stdin'], { directory, input: `${ada.password}\n` })).code,
  ).toBe(0);
  await first?.register();
  await first?.connect(ada);
  if (second !== undefined) second.accessToken = first?.accessToken ?? '';
  expect((await second?.call())?.status).toBe(200);
  for (const { server } of all) expect(server.program.stderr).not.toContain('"level":"error"');
});

test('a command that is killed has done all or nothing, and holds nobody up', async () => {
  const directory = temporaryDirectory();
  const { wire } = await started(directory);
  const visitor = new Visitor(wire);
  const chance = new Seeded(20_261);
  const names = Array.from({ length: 8 }, (_, n) => `user${n}`);
  await Promise.all(
    names.map(async (name) => {
      const program = new Program(['user', 'add', name, '--password-stdin'], { directory, input: `${ada.password}\n` });
      await setTimeout(300 + chance.below(1500));
      await program.kill();
    }),
  );
  expect((await visitor.register()).status).toBe(201);
  const { users } = JSON.parse((await runProgram(['user', 'list', '--json'], { directory })).stdout) as {
    users: { userName: string }[];
  };
  const added = new Set(users.map(({ userName }) => userName));
  for (const name of names) {
    const again = await runProgram(['user', 'add', name, '--password-stdin'], {
      directory,
      input: `${ada.password}\n`,
    });
    expect(again.code, again.stderr).toBe(added.has(name) ? 1 : 0);
    expect((await new Visitor(wire).signIn({ username: name, password: ada.password })).url.pathname).toBe('/account');
  }
});
