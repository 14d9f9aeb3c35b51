import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConfigurationError } from '../core/urls.ts';
import { variableName } from './environment-variables.ts';
import { type ConfigSources, loadConfig } from './load-config.ts';
import { serveSchema } from './serve-config.ts';
import { leavesOf } from './settings-tree.ts';

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-config-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Loads in an empty directory, or in one that holds this as portcullis.json. */
function load(sources: Partial<ConfigSources>, content?: object) {
  const directory = temporaryDirectory();
  if (content !== undefined) writeFileSync(join(directory, 'portcullis.json'), JSON.stringify(content));
  return { directory, ...loadConfig({ directory, ...sources }) };
}

describe('precedence', () => {
  test('everything has a default', () => {
    const { portcullis, server, file } = load({});
    expect(file).toBeUndefined();
    expect(portcullis).toMatchObject({
      baseUrl: 'http://localhost:3000',
      database: join('data', 'portcullis.db'),
      name: 'MCP server',
    });
    expect(server).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      data: './data',
      trustedProxies: [],
      shutdownSeconds: 10,
    });
  });

  test('flags win over the environment, that over the file, that over what the program sets', () => {
    const { server, portcullis, origins } = load(
      {
        defaults: { name: 'program', port: 1, shutdownSeconds: 1, host: '127.0.0.9' },
        environment: { PORTCULLIS_PORT: '3', PORTCULLIS_SHUTDOWN_SECONDS: '3' },
        flags: [{ path: ['port'], value: 4, origin: '--port' }],
      },
      { name: 'file', port: 2, shutdownSeconds: 2 },
    );
    expect(portcullis.name).toBe('file');
    expect(server).toMatchObject({ port: 4, shutdownSeconds: 3, host: '127.0.0.9' });
    expect(Object.fromEntries(origins)).toMatchObject({
      port: '--port',
      shutdownSeconds: 'PORTCULLIS_SHUTDOWN_SECONDS',
      host: 'the program',
    });
  });

  test('members of one section may come from different sources', () => {
    const { portcullis } = load(
      { environment: { PORTCULLIS_TOKENS__ACCESS_TOKEN_SECONDS: '60' } },
      { tokens: { algorithm: 'ES256' } },
    );
    expect(portcullis.tokens).toMatchObject({ accessTokenSeconds: 60, algorithm: 'ES256' });
  });

  test('scopes of a stronger source replace those of the program', () => {
    const { portcullis } = load({ defaults: { scopes: { a: { title: 'A' } } } }, { scopes: { b: { title: 'B' } } });
    expect(Object.keys(portcullis.scopes)).toEqual(['b']);
  });

  test('the base URL follows the port and TLS where it is not set', () => {
    expect(load({ environment: { PORT: '8080' } }).portcullis.baseUrl).toBe('http://localhost:8080');
    expect(load({ environment: { PORT: '80' } }).portcullis.baseUrl).toBe('http://localhost');
    const tls = { certificateFile: 'cert.pem', keyFile: 'key.pem' };
    expect(load({ defaults: { tls } }).portcullis.baseUrl).toBe('https://localhost:3000');
    expect(load({ defaults: { tls, port: 443 } }).portcullis.baseUrl).toBe('https://localhost');
    expect(() => load({ defaults: { tls, baseUrl: 'http://localhost:3000' } })).toThrow(/https:, because tls is set/);
  });

  test('the database and its key lie in the data directory unless they are named', () => {
    expect(load({ environment: { PORTCULLIS_DATA: '/var/lib/portcullis' } }).portcullis.database).toBe(
      '/var/lib/portcullis/portcullis.db',
    );
    expect(load({ environment: { PORTCULLIS_DATA: '/x', PORTCULLIS_DATABASE: ':memory:' } }).portcullis.database).toBe(
      ':memory:',
    );
  });
});

describe('the configuration file', () => {
  test('is the named one, or that of PORTCULLIS_CONFIG, or portcullis.json', () => {
    const directory = temporaryDirectory();
    for (const name of ['portcullis', 'environment', 'flag'])
      writeFileSync(join(directory, `${name}.json`), JSON.stringify({ name }));
    const environment = { PORTCULLIS_CONFIG: 'environment.json' };
    expect(loadConfig({ directory }).portcullis.name).toBe('portcullis');
    expect(loadConfig({ directory, environment }).portcullis.name).toBe('environment');
    expect(loadConfig({ directory, environment, file: 'flag.json' }).portcullis.name).toBe('flag');
  });

  test('must be there when it is named', () => {
    expect(() => load({ file: 'absent.json' })).toThrow(/there is no configuration file .*absent\.json/);
    expect(() => load({ environment: { PORTCULLIS_CONFIG: 'absent.json' } })).toThrow(/there is no configuration file/);
  });

  test('must be one JSON object, and says where it is not', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'portcullis.json'), '{ "port": 3000,, }');
    expect(() => loadConfig({ directory })).toThrow(/portcullis\.json is not valid JSON: .*line 1 column 16/);
    writeFileSync(join(directory, 'portcullis.json'), '[]');
    expect(() => loadConfig({ directory })).toThrow(/must hold one JSON object/);
  });

  test('may begin with a byte order mark and name a schema', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'portcullis.json'), '\ufeff{ "$schema": "./schema.json", "name": "Notes" }');
    expect(loadConfig({ directory }).portcullis.name).toBe('Notes');
  });

  test('relative paths in it start from its directory', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'etc'));
    const settings = {
      data: '../lib',
      masterKeyFile: 'key',
      tls: { certificateFile: './c.pem', keyFile: '/run/k.pem' },
      mcp: 'server.ts',
    };
    writeFileSync(join(directory, 'etc', 'a.json'), JSON.stringify(settings));
    const { portcullis, server } = loadConfig({ directory, file: 'etc/a.json' });
    expect(portcullis.database).toBe(join(directory, 'lib', 'portcullis.db'));
    expect(portcullis.masterKeyFile).toBe(join(directory, 'etc', 'key'));
    expect(server.tls).toEqual({ certificateFile: join(directory, 'etc', 'c.pem'), keyFile: '/run/k.pem' });
    expect(server.mcp).toBe(join(directory, 'etc', 'server.ts'));
  });

  test.for([
    [':memory:', ':memory:'],
    ['sqlite:///var/db', 'sqlite:///var/db'],
    ['sqlite:a.db', 'sqlite:{}/a.db'],
    ['a.db', '{}/a.db'],
  ] as const)('a database %s in it becomes %s', ([written, resolved]) => {
    const { portcullis, directory } = load({}, { database: written });
    expect(portcullis.database).toBe(resolved.replace('{}', directory));
  });
});

describe('the environment', () => {
  test('every setting has a variable, all different', () => {
    const names = leavesOf(serveSchema).map(({ path }) => variableName(path));
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^PORTCULLIS(_[A-Z]+)(__?[A-Z]+)*$/.test(name))).toEqual([]);
    expect(names).toEqual(
      expect.arrayContaining([
        'PORTCULLIS_BASE_URL',
        'PORTCULLIS_PASSWORDS__MEMORY_KIB',
        'PORTCULLIS_SIGN_IN__RATE_LIMIT__WINDOW_SECONDS',
        'PORTCULLIS_TLS__KEY_FILE',
      ]),
    );
  });

  test('numbers, switches, lists and objects are read', () => {
    const { portcullis, server } = load({
      environment: {
        PORTCULLIS_REGISTRATION__ENABLED: 'off',
        PORTCULLIS_REVOCATION__ENABLED: 'TRUE',
        PORTCULLIS_TRUSTED_PROXIES: '10.0.0.0/8, ::1,',
        PORTCULLIS_REQUIRED_SCOPES: '["notes:read"]',
        PORTCULLIS_SCOPES: '{"notes:read":{"title":"Read"}}',
        PORTCULLIS_REQUEST_TIMEOUT_SECONDS: '5',
      },
    });
    expect(portcullis).toMatchObject({
      registration: { enabled: false },
      revocation: { enabled: true },
      requiredScopes: ['notes:read'],
      scopes: { 'notes:read': { title: 'Read' } },
    });
    expect(server).toMatchObject({ trustedProxies: ['10.0.0.0/8', '::1'], requestTimeoutSeconds: 5 });
  });

  test('PORT is honoured, and PORTCULLIS_PORT before it', () => {
    expect(load({ environment: { PORT: '4000' } }).server.port).toBe(4000);
    expect(load({ environment: { PORTCULLIS_PORT: '5000', PORT: '4000' } }).server.port).toBe(5000);
  });

  test('empty variables count as not set', () => {
    expect(load({ environment: { PORT: '', PORTCULLIS_NAME: '', PORTCULLIS_CONFIG: '' } }).portcullis.name).toBe(
      'MCP server',
    );
  });

  test('what Kubernetes sets beside a service called portcullis is left alone', () => {
    const environment = {
      PORTCULLIS_PORT: 'tcp://10.0.0.7:3000',
      PORTCULLIS_PORT_3000_TCP: 'tcp://10.0.0.7:3000',
      PORTCULLIS_PORT_3000_TCP_ADDR: '10.0.0.7',
      PORTCULLIS_SERVICE_HOST: '10.0.0.7',
      PORTCULLIS_SERVICE_PORT_HTTP: '3000',
    };
    expect(load({ environment }).server.port).toBe(3000);
  });

  test.for([
    [{ PORTCULLIS_BASEURL: 'x' }, 'unknown environment variable PORTCULLIS_BASEURL; did you mean PORTCULLIS_BASE_URL?'],
    [{ PORTCULLIS_WHATEVER_ELSE: 'x' }, 'unknown environment variable PORTCULLIS_WHATEVER_ELSE'],
    [{ PORT: '80 80' }, "PORT: '80 80' is not a whole number"],
    [{ PORTCULLIS_REVOCATION__ENABLED: 'maybe' }, "PORTCULLIS_REVOCATION__ENABLED: 'maybe' is neither true nor false"],
  ] as const)('%j is refused', ([environment, message]) => {
    expect(() => load({ environment })).toThrow(new ConfigurationError(message));
  });
});

describe('mistakes', () => {
  test('an unknown key is fatal, with its source and the nearest known one', () => {
    expect(() => load({ file: 'portcullis.json' }, { tokens: { acessTokenSeconds: 5 } })).toThrow(
      /^unknown setting 'tokens\.acessTokenSeconds' \(.*portcullis\.json\); did you mean 'accessTokenSeconds'\?$/,
    );
  });

  test('a value that cannot be is named with the variable that it comes from', () => {
    expect(() => load({ environment: { PORTCULLIS_TOKENS__ACCESS_TOKEN_SECONDS: '9999999' } })).toThrow(
      /^tokens\.accessTokenSeconds \(PORTCULLIS_TOKENS__ACCESS_TOKEN_SECONDS\): /,
    );
  });

  test('all mistakes are told at once, one a line', () => {
    const { message } = failureOf(() => load({}, { port: 'x', prot: 1, tls: { keyFile: 'k' } }));
    const lines = message.split('\n').map((line) => line.replace(/ \(.*?\)/, '').slice(0, 22));
    expect(lines.sort()).toEqual(['port: must be a number', 'tls.certificateFile: m', "unknown setting 'prot'"]);
  });
});

function failureOf(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
