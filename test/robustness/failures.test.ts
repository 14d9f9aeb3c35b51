import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { asOrdinaryUser, contentsOf, temporaryDirectory } from './support/directories.ts';
import { runProgram, startServer } from './support/server-process.ts';

const serve = ['serve', '--port', '0'];
let template: string;

beforeAll(async () => {
  template = mkdtempSync(join(tmpdir(), 'portcullis-template-'));
  const { code, stderr } = await runProgram(['user', 'add', 'ada', '--role', 'admin', '--password-stdin'], {
    directory: template,
    input: 'violet kettle nine bridges\n',
  });
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

afterAll(() => rmSync(template, { recursive: true, force: true }));

/** A directory as a server has left it. */
function usedDirectory(): string {
  const directory = temporaryDirectory();
  cpSync(template, directory, { recursive: true });
  return directory;
}

const database = (directory: string) => join(directory, 'data', 'portcullis.db');
const masterKey = (directory: string) => join(directory, 'data', 'master.key');

function corrupted(directory: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(database(directory));
  change(bytes);
  writeFileSync(database(directory), bytes);
}

interface Failure {
  readonly when: string;
  /** Brings it about in a directory that a server has used. */
  readonly spoil: (directory: string) => void;
  /** The one line, after `portcullis: `. */
  readonly says: RegExp;
  readonly code: 1 | 2;
  readonly words?: readonly string[];
}

const failures: readonly Failure[] = [
  {
    when: 'the directory is read-only',
    spoil: (directory) => chmodSync(join(directory, 'data'), 0o555),
    says: /^cannot open the database \S+portcullis\.db: .*readonly database.*; let the user that runs this process write the database file, its -wal and -shm files and its directory$/,
    code: 1,
  },
  {
    when: 'the database is read-only',
    spoil: (directory) => chmodSync(database(directory), 0o444),
    says: /^cannot open the database \S+portcullis\.db: this user may not write it; let the user that runs this process write the database file/,
    code: 1,
  },
  {
    when: 'the database is no database',
    spoil: (directory) => writeFileSync(database(directory), 'something else entirely'.repeat(200)),
    says: /^cannot open the database \S+portcullis\.db: .*not a database.*; stop the server, keep the file, and restore the last backup$/,
    code: 1,
  },
  {
    when: 'the database is cut short',
    spoil: (directory) => truncateSync(database(directory), 6000),
    says: /^cannot open the database \S+portcullis\.db: .*malformed.*; stop the server, keep the file, and restore the last backup$/,
    code: 1,
  },
  {
    when: 'the database’s first pages are overwritten',
    spoil: (directory) => corrupted(directory, (bytes) => bytes.fill(0xa5, 100, 3 * 4096)),
    says: /^cannot open the database \S+portcullis\.db: .*malformed.*; stop the server, keep the file, and restore the last backup$/,
    code: 1,
  },
  {
    when: 'the database is a directory',
    spoil: (directory) => {
      rmSync(database(directory));
      mkdirSync(database(directory));
    },
    says: /^cannot open the database \S+portcullis\.db: .*; check that the path is a file/,
    code: 1,
  },
  {
    when: 'the data directory is a file',
    spoil: (directory) => {
      rmSync(join(directory, 'data'), { recursive: true });
      writeFileSync(join(directory, 'data'), '');
    },
    says: /^cannot open the database \S+portcullis\.db: .*; check that the path is a file, that its directory can be created/,
    code: 1,
  },
  {
    when: 'a newer version has used the database',
    spoil: (directory) => {
      const newer = new DatabaseSync(database(directory));
      newer.exec("INSERT INTO schema_migrations VALUES ('9999-later', 'x', 1)");
      newer.close();
    },
    says: /^the database has migration '9999-later', which this version does not know; a newer version has used this database: run that version, or restore the backup/,
    code: 1,
  },
  {
    when: 'the master key is another one',
    spoil: (directory) => writeFileSync(masterKey(directory), `${'A'.repeat(43)}\n`),
    says: /^the database was encrypted under master key \w+, but master key \w+ is configured; restore the right key file$/,
    code: 2,
  },
  {
    when: 'the master key is gone',
    spoil: (directory) => rmSync(masterKey(directory)),
    says: /^the master key file \S+master\.key is missing, and the database was encrypted under it: restore the file, or set masterKey or masterKeyFile$/,
    code: 2,
  },
  {
    when: 'the master key is cut short',
    spoil: (directory) => truncateSync(masterKey(directory), 10),
    says: /^the master key file \S+master\.key does not hold 32 bytes, written as 43 base64url characters$/,
    code: 2,
  },
  {
    when: 'the master key may not be read',
    spoil: (directory) => chmodSync(masterKey(directory), 0o000),
    says: /^the master key file \S+master\.key cannot be read: EACCES.*; let this user read it$/,
    code: 2,
  },
  {
    when: 'the configuration is no JSON',
    spoil: (directory) => writeFileSync(join(directory, 'portcullis.json'), '{"port": 3000,}'),
    says: /^\S+portcullis\.json is not valid JSON: /,
    code: 2,
  },
  {
    when: 'the configuration has a setting that there is not',
    spoil: (directory) => writeFileSync(join(directory, 'portcullis.json'), '{"tokens": {"acessTokenSeconds": 60}}'),
    says: /^unknown setting 'tokens\.acessTokenSeconds' \(\S+portcullis\.json\); did you mean 'accessTokenSeconds'\?$/,
    code: 2,
  },
  {
    when: 'the configuration may not be read',
    spoil: (directory) => writeFileSync(join(directory, 'portcullis.json'), '{}', { mode: 0o000 }),
    says: /^the configuration file cannot be read: EACCES.*; let this user read it, or name another with --config$/,
    code: 2,
  },
  {
    when: 'the certificate may not be read',
    spoil: (directory) => writeFileSync(join(directory, 'cert.pem'), '', { mode: 0o000 }),
    words: ['--tls-certificate', 'cert.pem', '--tls-key', 'cert.pem', '--base-url', 'https://localhost'],
    says: /^the TLS certificate cert\.pem cannot be read: EACCES.*; name a PEM file that this user may read in tls\.certificateFile$/,
    code: 2,
  },
  {
    when: 'the certificate is none',
    spoil: (directory) => writeFileSync(join(directory, 'cert.pem'), 'x'),
    words: ['--tls-certificate', 'cert.pem', '--tls-key', 'cert.pem', '--base-url', 'https://localhost'],
    says: /^the TLS certificate cert\.pem is not usable PEM: .*; it must begin with a line -----BEGIN/,
    code: 2,
  },
];

describe('portcullis serve says in one line what to do, and leaves everything as it was, when', () => {
  test.for(failures)('$when', async ({ spoil, says, code, words = [] }) => {
    const directory = usedDirectory();
    spoil(directory);
    onTestFinished(() => chmodSync(join(directory, 'data'), 0o755));
    const before = contentsOf(directory);
    const ended = await runProgram([...serve, ...words], { directory, wrapper: asOrdinaryUser() });
    expect(ended.stderr).toMatch(/^portcullis: [^\n]+\n$/);
    expect(ended.stderr.slice('portcullis: '.length, -1)).toMatch(says);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(contentsOf(directory)).toEqual(before);
  });

  test('the port is in use', async () => {
    const directory = usedDirectory();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as AddressInfo;
    const before = contentsOf(directory);
    const { code, stdout, stderr } = await runProgram(['serve', '--port', String(port)], { directory });
    expect(stderr).toBe(
      `portcullis: port ${port} on 127.0.0.1 is in use; stop the other program, or choose another port with --port or PORT\n`,
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(contentsOf(directory)).toEqual(before);
  });

  // In 512 bytes, which is what sh counts in: nothing at all, the head of the database, some of its tables.
  test.for([0, 16, 96])('the disk is full after %i blocks, and starts once there is room', async (blocks) => {
    const directory = temporaryDirectory();
    const wrapper = ['sh', '-c', `ulimit -f ${blocks}; exec "$@"`, 'sh'];
    const { code, stdout, stderr } = await runProgram(serve, { directory, wrapper });
    expect(stderr).toMatch(/^portcullis: [^\n]+; [^\n]*free space[^\n]*\n$/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const server = await startServer({ directory });
    server.program.signal('SIGTERM');
    expect(await server.program.finished).toMatchObject({ code: 0 });
  });

  test('the disk is full at a later start', async () => {
    const directory = usedDirectory();
    const before = contentsOf(directory);
    const wrapper = ['sh', '-c', 'ulimit -f 0; exec "$@"', 'sh'];
    const { code, stderr } = await runProgram(serve, { directory, wrapper });
    expect(stderr).toMatch(/^portcullis: [^\n]+; [^\n]*free space[^\n]*\n$/);
    expect(code).toBe(1);
    expect(contentsOf(directory)).toEqual(before);
    const added = await runProgram(['user', 'add', 'bob', '--password-stdin'], {
      directory,
      wrapper,
      input: 'violet kettle nine bridges\n',
    });
    expect(added).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^portcullis: [^\n]+; [^\n]*free space[^\n]*\n$/),
    });
    expect(contentsOf(directory)).toEqual(before);
  });
});

test('a database whose data is damaged, but not its tables, is served as far as it goes, and no further', async () => {
  const directory = usedDirectory();
  const before = new DatabaseSync(database(directory), { readOnly: true });
  const pages = before.prepare("SELECT rootpage AS page FROM sqlite_master WHERE tbl_name = 'clients'").all();
  before.close();
  corrupted(directory, (bytes) => {
    for (const { page } of pages) bytes.fill(0xa5, (Number(page) - 1) * 4096, Number(page) * 4096);
  });
  const server = await startServer({ directory });
  onTestFinished(async () => void (await server.program.kill()));
  const answer = await fetch(`http://127.0.0.1:${server.port}/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'authorization_code', client_id: 'x', code: 'y' }),
  });
  expect([answer.status, await answer.json()]).toMatchObject([500, { error: 'server_error' }]);
  expect((await fetch(`http://127.0.0.1:${server.port}/jwks.json`)).status).toBe(200);
  expect(server.program.stderr).toMatch(/"server\.error".*malformed.*restore the last backup/);
});

test('a command whose output cannot be written says so', async () => {
  const directory = usedDirectory();
  const wrapper = ['sh', '-c', 'exec "$@" > /dev/full', 'sh'];
  expect(await runProgram(['user', 'list'], { directory, wrapper })).toMatchObject({
    code: 1,
    stderr: 'portcullis: the output cannot be written: ENOSPC: no space left on device, write\n',
  });
});
