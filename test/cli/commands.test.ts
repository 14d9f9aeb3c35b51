import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addUser, fixture, password, portcullis, portcullisJson, temporaryDirectory } from './processes.ts';

const moment = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const identifier = expect.stringMatching(/^[\w-]{22}$/);

describe('users', () => {
  test('are added with everything that is known of them', async () => {
    const directory = temporaryDirectory();
    const flags = [
      '--role',
      'admin',
      '--email',
      'ada@example.com',
      '--display-name',
      'Ada Lovelace',
      '--scopes',
      'notes:read,notes:write',
    ];
    const added = await portcullisJson(['user', 'add', 'ada', '--password-stdin', ...flags], {
      directory,
      input: password,
    });
    const user = {
      userId: identifier,
      userName: 'ada',
      displayName: 'Ada Lovelace',
      email: 'ada@example.com',
      role: 'admin',
      status: 'active',
      grantableScopes: ['notes:read', 'notes:write'],
      createdAt: moment,
      passwordChangedAt: moment,
      lastSignedInAt: null,
    };
    expect(added).toEqual({ user });
    expect(await portcullisJson(['user', 'list'], { directory })).toEqual({ users: [user] });
    const { stdout } = await portcullis(['user', 'list'], { directory });
    expect(stdout).toBe(
      'NAME   DISPLAY NAME   ROLE    STATUS   MAY GRANT                LAST SIGN-IN (UTC)\n' +
        'ada    Ada Lovelace   admin   active   notes:read notes:write   never\n',
    );
    expect(statSync(join(directory, 'data', 'portcullis.db')).mode & 0o077).toBe(0);
    expect(statSync(join(directory, 'data', 'master.key')).mode & 0o077).toBe(0);
  });

  test('are told where to sign in, as far as that is known', async () => {
    const directory = temporaryDirectory();
    const add = async (name: string, environment = {}, ...flags: string[]) =>
      (
        await portcullis(['user', 'add', name, '--password-stdin', ...flags], {
          directory,
          input: password,
          environment,
        })
      ).stdout;
    expect(await add('ada', { PORTCULLIS_BASE_URL: 'https://mcp.example.com/base' })).toMatch(
      /^User ada added\. Sign in at https:\/\/mcp\.example\.com\/base\/sign-in\n/,
    );
    // A server that was started on another port has another address, which is not written anywhere.
    expect(await add('bob')).toMatch(
      /^User bob added\. Sign in at the address that the server prints when it starts: unless it has another port, http:\/\/localhost:3000\/sign-in\n/,
    );
  });

  test('cannot be added twice, without a good password, or under a bad name', async () => {
    const directory = temporaryDirectory();
    await addUser('ada', directory);
    const add = (name: string, input: string, ...flags: string[]) =>
      portcullis(['user', 'add', name, '--password-stdin', ...flags], { directory, input });
    expect(await add('Ada', password)).toMatchObject({
      code: 1,
      stderr: "portcullis: there is a user 'Ada' already\n",
    });
    expect(await add('bob', 'short')).toMatchObject({
      code: 2,
      stderr: 'portcullis: Choose a password of at least 12 characters.\n',
    });
    expect(await add('bob', '')).toMatchObject({ code: 2, stderr: 'portcullis: standard input holds no password\n' });
    expect(await add('b b', password)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('A user name has 1 to 64'),
    });
    expect(await add('bob', password, '--role', 'root')).toMatchObject({
      code: 2,
      stderr: "portcullis: there is no role 'root'; the roles are user and admin\n",
    });
    expect(await portcullis(['user', 'add', 'bob'], { directory })).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'portcullis: there is no terminal to ask for the password at\n  send it on standard input and add --password-stdin\n',
    });
    const failed = await portcullis(['user', 'add', 'ada', '--json'], { directory });
    expect(JSON.parse(failed.stderr)).toEqual({
      error: { code: 'name_taken', message: "there is a user 'ada' already", hint: null },
    });
  });

  test('are disabled, enabled, given roles and scopes, and deleted', async () => {
    const directory = temporaryDirectory();
    await addUser('ada', directory, '--role', 'admin');
    await addUser('bob', directory);
    const on = (...words: string[]) => portcullisJson(['user', ...words], { directory });
    expect(await on('disable', 'bob')).toMatchObject({ user: { userName: 'bob', status: 'disabled' } });
    expect(await on('enable', 'bob')).toMatchObject({ user: { userName: 'bob', status: 'active' } });
    expect(await on('role', 'bob', 'admin')).toMatchObject({ user: { userName: 'bob', role: 'admin' } });
    expect(await on('scopes', 'bob', 'a', 'b,c')).toMatchObject({ user: { grantableScopes: ['a', 'b', 'c'] } });
    expect(await on('scopes', 'bob')).toMatchObject({ user: { grantableScopes: ['a', 'b', 'c'] } });
    expect(await on('scopes', 'bob', '--none')).toMatchObject({ user: { grantableScopes: [] } });
    expect(await on('scopes', 'bob', '--all')).toMatchObject({ user: { grantableScopes: null } });
    expect(await portcullis(['user', 'scopes', 'bob', 'a', '--all'], { directory })).toMatchObject({ code: 2 });
    expect(await portcullis(['user', 'delete', 'bob'], { directory })).toMatchObject({
      code: 2,
      stderr: 'portcullis: there is no terminal to ask at: Delete user bob for good?\n  say so beforehand with --yes\n',
    });
    expect(await on('delete', 'bob', '--yes')).toEqual({ userId: identifier, userName: 'bob', deleted: true });
    expect(await on('list')).toMatchObject({ users: [{ userName: 'ada' }] });
  });

  test('may be given scopes that the configuration does not declare, with a word about it', async () => {
    const directory = temporaryDirectory();
    await addUser('ada', directory);
    const scopes = (...words: string[]) => portcullis(['user', 'scopes', 'ada', ...words], { directory });
    expect(await scopes('notes:red')).toMatchObject({
      code: 0,
      stdout:
        'ada may grant notes:red.\nNobody has checked the names of the scopes: this configuration declares none.\n',
    });
    for (const word of ['all', 'none']) {
      expect(await scopes(word)).toEqual({
        code: 2,
        stdout: '',
        stderr: `portcullis: there is no scope '${word}'; did you mean --${word}?\n`,
      });
    }
    writeFileSync(join(directory, 'portcullis.json'), JSON.stringify({ scopes: { 'notes:read': {}, all: {} } }));
    expect(await scopes('notes:read', 'all')).toMatchObject({ stdout: 'ada may grant notes:read all.\n' });
    expect(await scopes('all')).toMatchObject({ stdout: 'ada may grant all.\n' });
  });

  test('the last administrator stays', async () => {
    const directory = temporaryDirectory();
    await addUser('ada', directory, '--role', 'admin');
    for (const words of [
      ['disable', 'ada'],
      ['role', 'ada', 'user'],
      ['delete', 'ada', '--yes'],
    ]) {
      const { code, stderr } = await portcullis(['user', ...words], { directory });
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: 'portcullis: This is the last active administrator. Make another one first.\n',
      });
    }
  });

  test('get new passwords', async () => {
    const directory = temporaryDirectory();
    await addUser('ada', directory);
    const set = (input: string) => portcullis(['user', 'password', 'ada', '--password-stdin'], { directory, input });
    expect(await set('another good one 7\n')).toMatchObject({
      code: 0,
      stdout: 'The password of ada is set. Sessions have ended.\n',
    });
    expect(await set('short\n')).toMatchObject({ code: 2 });
  });

  test('that do not exist are not found, and the nearest is suggested', async () => {
    const directory = temporaryDirectory();
    await addUser('ada', directory);
    for (const words of [
      ['disable', 'adda'],
      ['enable', 'adda'],
      ['password', 'adda', '--password-stdin'],
      ['delete', 'adda', '--yes'],
      ['role', 'adda', 'user'],
      ['scopes', 'adda'],
    ]) {
      expect(await portcullis(['user', ...words], { directory })).toEqual({
        code: 3,
        stdout: '',
        stderr: "portcullis: there is no user 'adda'; did you mean 'ada'?\n  see: portcullis user list\n",
      });
    }
  });
});

describe('clients', () => {
  test('are registered by hand, listed and deleted', async () => {
    const directory = temporaryDirectory();
    const flags = [
      '--name',
      'Team assistant',
      '--redirect-uri',
      'https://a.example/cb',
      '--redirect-uri',
      'https://b.example/cb',
    ];
    const added = await portcullisJson(['client', 'add', ...flags, '--confidential', '--scopes', 'notes:read'], {
      directory,
    });
    const client = {
      clientId: identifier,
      clientName: 'Team assistant',
      admission: null,
      registeredBy: 'administrator',
      tokenEndpointAuthMethod: 'client_secret_basic',
      redirectUris: ['https://a.example/cb', 'https://b.example/cb'],
      scopes: ['notes:read'],
      grantTypes: ['authorization_code', 'refresh_token'],
      requirePushedRequests: false,
      dpopBoundAccessTokens: false,
      issuedAt: moment,
      clientSecretExpiresAt: null,
      previousSecretExpiresAt: null,
      jwksUri: null,
      keyIds: null,
      statedBy: null,
      lastUsedAt: null,
    };
    expect(added).toEqual({ client, clientSecret: expect.stringMatching(/^[\w-]{43}$/) });
    expect(await portcullisJson(['client', 'list'], { directory })).toEqual({
      clients: [client],
      importedDocuments: [],
    });
    const { stdout } = await portcullis(['client', 'list'], { directory });
    expect(stdout).toMatch(
      /^CLIENT ID +NAME +KIND +REGISTERED +SINCE \(UTC\) +LAST USED \(UTC\)\n\S{22} +Team assistant +confidential +by hand +\S+ \S+ +never\n$/,
    );
    const { clientId } = added['client'] as { clientId: string };
    expect(await portcullis(['client', 'delete', clientId], { directory })).toMatchObject({ code: 2 });
    expect(await portcullisJson(['client', 'delete', clientId, '--yes'], { directory })).toEqual({
      clientId,
      deleted: true,
    });
    expect(await portcullis(['client', 'delete', clientId, '--yes'], { directory })).toMatchObject({ code: 3 });
    expect(await portcullis(['client', 'list'], { directory })).toMatchObject({
      stdout: 'No client has registered yet.\n',
    });
  });

  test('show their secret once, and public ones have none', async () => {
    const directory = temporaryDirectory();
    const add = (...flags: string[]) =>
      portcullis(['client', 'add', '--name', 'A', '--redirect-uri', 'http://127.0.0.1/cb', '--scopes', 'a', ...flags], {
        directory,
      });
    const confidential = await add('--confidential');
    expect(confidential.stdout).toMatch(
      /^Client A registered\.\n\n {2}client_id +\S{22}\n {2}client_secret +\S{43}\n(?: .*\n)+\nNobody has checked the names of the scopes: this configuration declares none\.\n\nThe secret is not shown again: keep it now\.\n$/,
    );
    const open = await add();
    expect(open.stdout).toMatch(/client_id/);
    expect(open.stdout).not.toMatch(/secret/);
    const secret = /client_secret +(\S{43})/.exec(confidential.stdout)?.[1];
    expect((await portcullis(['client', 'list', '--json'], { directory })).stdout).not.toContain(secret);
  });

  test.for([
    [['--redirect-uri', 'https://a.example/cb'], '--name is missing'],
    [['--name', 'A'], '--redirect-uri is missing'],
    [
      ['--name', 'A', '--redirect-uri', 'http://a.example/cb', '--scopes', 'a'],
      "redirect URI 'http://a.example/cb' uses http",
    ],
    [['--name', 'A', '--redirect-uri', 'https://a.example/cb'], 'this configuration declares no scopes'],
    [
      ['--name', 'A', '--redirect-uri', 'https://a.example/cb', '--public', '--confidential'],
      'a client is either --public or --confidential',
    ],
  ] as const)('with %j they are refused', async ([flags, message]) => {
    const { code, stderr } = await portcullis(['client', 'add', ...flags], { directory: temporaryDirectory() });
    expect(stderr).toContain(`portcullis: ${message}`);
    expect(code).toBe(2);
  });

  test('may be held to requests that they pushed, where the configuration has these [RFC9126-14]', async () => {
    const directory = temporaryDirectory();
    const words = ['client', 'add', '--name', 'A', '--redirect-uri', 'https://a.example/cb', '--scopes', 'a'];
    expect(await portcullisJson([...words, '--require-pushed-requests'], { directory })).toMatchObject({
      client: { requirePushedRequests: true },
    });
    const settings = JSON.stringify({ pushedRequests: { enabled: false } });
    writeFileSync(join(directory, 'portcullis.json'), settings);
    expect(await portcullis([...words, '--require-pushed-requests'], { directory })).toMatchObject({
      code: 2,
      stderr: 'portcullis: this configuration has no pushed requests\n  set pushedRequests.enabled to true\n',
    });
  });

  test('may be held to tokens that are bound to a key, where the configuration has these [RFC9449-16]', async () => {
    const directory = temporaryDirectory();
    const words = ['client', 'add', '--name', 'A', '--redirect-uri', 'https://a.example/cb', '--scopes', 'a'];
    expect(await portcullisJson([...words, '--require-dpop'], { directory })).toMatchObject({
      client: { dpopBoundAccessTokens: true },
    });
    writeFileSync(join(directory, 'portcullis.json'), JSON.stringify({ dpop: { enabled: false } }));
    expect(await portcullis([...words, '--require-dpop'], { directory })).toMatchObject({
      code: 2,
      stderr: 'portcullis: this configuration has no DPoP\n  set dpop.enabled to true\n',
    });
  });

  test('may ask for every scope that the configuration declares, and for no other', async () => {
    const directory = temporaryDirectory();
    writeFileSync(
      join(directory, 'portcullis.json'),
      JSON.stringify({ scopes: { 'notes:read': {}, 'notes:write': {} } }),
    );
    const words = ['client', 'add', '--name', 'A', '--redirect-uri', 'https://a.example/cb'];
    expect(await portcullisJson(words, { directory })).toMatchObject({
      client: { scopes: ['notes:read', 'notes:write'] },
    });
    expect(await portcullis([...words, '--scopes', 'notes:raed'], { directory })).toEqual({
      code: 2,
      stdout: '',
      stderr:
        "portcullis: there is no scope 'notes:raed'; did you mean 'notes:read'?\n  this server's scopes: notes:read notes:write\n",
    });
  });
});

describe('grants', () => {
  test('are listed and revoked, of everybody or of one user', async () => {
    const directory = temporaryDirectory();
    await addUser('ada', directory);
    expect(await portcullisJson(['grant', 'list', '--user', 'ada'], { directory })).toEqual({ grants: [] });
    expect(await portcullis(['grant', 'list'], { directory })).toMatchObject({
      code: 0,
      stdout: 'There are no live grants.\n',
    });
    expect(await portcullis(['grant', 'list', '--limit', 'many'], { directory })).toMatchObject({ code: 2 });
    expect(await portcullis(['grant', 'list', '--user', 'eve'], { directory })).toMatchObject({ code: 3 });
    expect(await portcullisJson(['grant', 'revoke', '--user', 'ada'], { directory })).toEqual({ revoked: [] });
    expect(await portcullis(['grant', 'revoke', 'nothing'], { directory })).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('there is no live grant nothing'),
    });
    expect(await portcullis(['grant', 'revoke'], { directory })).toMatchObject({ code: 2 });
  });
});

describe('the configuration', () => {
  test('is checked without touching anything', async () => {
    const directory = temporaryDirectory();
    writeFileSync(
      join(directory, 'portcullis.json'),
      JSON.stringify({ baseUrl: 'https://mcp.example.com', scopes: { a: {} }, trustedProxies: ['10.0.0.1'] }),
    );
    expect(await portcullisJson(['config', 'check', '--mcp', fixture('hello.ts')], { directory })).toEqual({
      ok: true,
      file: join(directory, 'portcullis.json'),
      mcpUrl: 'https://mcp.example.com/mcp',
      resources: {},
      issuer: 'https://mcp.example.com',
      database: 'data/portcullis.db',
      certificateExpiresAt: null,
      warnings: [],
    });
    const { stdout } = await portcullis(['config', 'check'], { directory });
    expect(stdout).toMatch(
      /^The configuration is valid\.\n\n {2}file +\S+portcullis\.json\n {2}MCP endpoint +https:\/\/mcp\.example\.com\/mcp\n/,
    );
    expect(() => statSync(join(directory, 'data'))).toThrow(/ENOENT/);
  });

  test.for([
    [{ baseUrl: 'https://mcp.example.com', scopes: { a: {} } }, /speaks http and trusts no proxy/],
    [
      { baseUrl: 'http://localhost:3000', port: 4000, scopes: { a: {} } },
      /clients are told http:\/\/localhost:3000, but the server listens on port 4000/,
    ],
    [{ host: '0.0.0.0', scopes: { a: {} } }, /listens on 0\.0\.0\.0, but clients of other machines cannot use/],
    [{}, /no scopes are declared here: unless the MCP module declares some/],
    [
      { registration: { policy: 'approval' }, egress: { enabled: true }, scopes: { a: {} } },
      /registration\.policy is approval, but clients that come with a metadata document register nowhere/,
    ],
  ] as const)('%j earns a warning', async ([settings, warning]) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'portcullis.json'), JSON.stringify(settings));
    const { warnings } = await portcullisJson(['config', 'check'], { directory });
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });

  test.for([
    { registration: { policy: 'approval' } },
    { registration: { policy: 'approval' }, egress: { enabled: true }, clientMetadata: { enabled: false } },
    {
      registration: { policy: 'approval' },
      egress: { enabled: true },
      clientMetadata: { allowedHosts: ['claude.ai'] },
    },
    { registration: { policy: 'open' }, egress: { enabled: true } },
  ])('%j earns none about metadata documents', async (settings) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'portcullis.json'), JSON.stringify({ ...settings, scopes: { a: {} } }));
    expect((await portcullisJson(['config', 'check'], { directory }))['warnings']).toEqual([]);
  });

  test.for([
    [
      { tokens: { acessTokenSeconds: 1 } },
      {},
      /unknown setting 'tokens\.acessTokenSeconds' \(.*portcullis\.json\); did you mean 'accessTokenSeconds'\?/,
    ],
    [{ scopes: { a: { implies: ['b'] } } }, {}, /scope 'a' implies 'b', which is not declared/],
    [{ baseUrl: 'http://example.com' }, {}, /must use https/],
    [{ masterKey: 'short' }, {}, /master ?key must be 32 bytes/i],
    [
      {},
      { PORTCULLIS_ISUER_URL: 'x' },
      /unknown environment variable PORTCULLIS_ISUER_URL; did you mean PORTCULLIS_ISSUER_URL\?/,
    ],
    [{}, { PORTCULLIS_CONFIG: 'absent.json' }, /there is no configuration file .*absent\.json/],
  ] as const)('%j with %j is refused in clear words', async ([settings, environment, message]) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'portcullis.json'), JSON.stringify(settings));
    const { code, stdout, stderr } = await portcullis(['config', 'check'], { directory, environment });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/ at .*\.ts:\d+/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('is shown with where each setting comes from, and without secrets', async () => {
    const directory = temporaryDirectory();
    const masterKey = 'k'.repeat(43);
    writeFileSync(join(directory, 'portcullis.json'), JSON.stringify({ masterKey, name: 'Notes' }));
    const { stdout } = await portcullis(['config', 'show', '--data', 'elsewhere'], {
      directory,
      environment: { PORT: '4000' },
    });
    expect(stdout).toMatch(/^name +\S+portcullis\.json +Notes$/m);
    expect(stdout).toMatch(/^port +PORT +4000$/m);
    expect(stdout).toMatch(/^data +--data +elsewhere$/m);
    expect(stdout).toMatch(/^host +default +127\.0\.0\.1$/m);
    expect(stdout).toMatch(/^masterKey +\S+ +\(set\)$/m);
    expect(stdout).not.toContain(masterKey);
    const { settings } = await portcullisJson(['config', 'show'], { directory });
    expect(settings).toContainEqual({ name: 'masterKey', value: '(set)', from: join(directory, 'portcullis.json') });
    expect(settings).toContainEqual({ name: 'baseUrl', value: 'http://localhost:3000', from: 'default' });
  });

  test('paths in a file start from it, so that commands work from anywhere', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'elsewhere'));
    writeFileSync(join(directory, 'portcullis.json'), JSON.stringify({ data: 'lib' }));
    await addUser('ada', directory);
    expect(statSync(join(directory, 'lib', 'portcullis.db')).isFile()).toBe(true);
    const { users } = await portcullisJson(['user', 'list', '--config', '../portcullis.json'], {
      directory: join(directory, 'elsewhere'),
    });
    expect(users).toHaveLength(1);
  });
});

test('commands do not make a database where there is none, but for those that begin one', async () => {
  const directory = temporaryDirectory();
  for (const words of [
    ['user', 'list'],
    ['user', 'disable', 'ada'],
    ['client', 'list'],
    ['grant', 'list'],
  ]) {
    const { code, stderr } = await portcullis(words, { directory });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `portcullis: there is no database ${join(directory, 'data', 'portcullis.db')}\n  name the data directory of the server with --data, or start the server first: portcullis serve\n`,
    });
  }
});

test('a database under another master key is refused', async () => {
  const directory = temporaryDirectory();
  await addUser('ada', directory);
  const { code, stderr } = await portcullis(['user', 'list'], {
    directory,
    environment: { PORTCULLIS_MASTER_KEY: 'k'.repeat(43) },
  });
  expect(stderr).toMatch(/the database was encrypted under master key \w+, but master key \w+ is configured/);
  expect(code).toBe(2);
});
