import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { run } from '../../src/cli/run.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import { testLimits } from '../support/portcullis-harness.ts';
import { dataDirectory, terminalIn } from './cli-support.ts';

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

/** As a service that was started without a mask. */
function withoutMask(): void {
  const before = process.umask(0);
  onTestFinished(() => void process.umask(before));
}

async function open(database: string): Promise<Portcullis> {
  const portcullis = await Portcullis.open({ ...testLimits, database });
  onTestFinished(() => portcullis.close());
  return portcullis;
}

describe('other users of the machine', () => {
  it('can read none of the files that hold secrets, whatever the mask of the process [MCP-SEC-04]', async () => {
    withoutMask();
    const directory = join(dataDirectory(), 'a', 'b');
    const portcullis = await open(join(directory, 'portcullis.db'));
    await portcullis.services.users.create({ userName: 'ada', passwordHash: 'x' });
    const files = readdirSync(directory).sort();
    expect(files).toEqual(['master.key', 'portcullis.db', 'portcullis.db-shm', 'portcullis.db-wal']);
    for (const file of files) expect([file, modeOf(join(directory, file))]).toEqual([file, '600']);
    expect([modeOf(directory), modeOf(join(directory, '..'))]).toEqual(['700', '700']);
  });

  it('can read no database that is made behind a symbolic link either [MCP-SEC-04]', async () => {
    withoutMask();
    const directory = dataDirectory();
    mkdirSync(join(directory, 'disk'));
    symlinkSync(join('disk', 'real.db'), join(directory, 'portcullis.db'));
    await open(join(directory, 'portcullis.db'));
    for (const file of readdirSync(join(directory, 'disk')))
      expect([file, modeOf(join(directory, 'disk', file))]).toEqual([file, '600']);
    expect(existsSync(join(directory, 'disk', 'real.db'))).toBe(true);
  });

  it('are named to the operator where they can read the master key, or the settings that hold it', async () => {
    const data = dataDirectory();
    const { services } = await open(join(data, 'portcullis.db'));
    expect(services.paths.home).toBe('/');
    const check = async (environment?: Record<string, string>) => {
      const { terminal, output } = terminalIn(data, environment);
      expect(await run(['config', 'check', '--data', data, '--json'], terminal), output()).toBe(0);
      return (JSON.parse(output()) as { warnings: string[] }).warnings.join('\n');
    };
    expect(await check()).not.toContain('master.key');
    chmodSync(join(data, 'master.key'), 0o644);
    expect(await check()).toMatch(/master\.key.*chmod/);
    chmodSync(join(data, 'master.key'), 0o640);
    expect(await check()).not.toContain('master.key');

    const settings = join(data, 'portcullis.json');
    writeFileSync(settings, JSON.stringify({ masterKey: readFileSync(join(data, 'master.key'), 'utf8').trim() }));
    chmodSync(settings, 0o644);
    expect(await check()).toMatch(/portcullis\.json.*chmod/);
    writeFileSync(settings, JSON.stringify({ name: 'Notes' }));
    expect(await check()).not.toContain('portcullis.json');
  });
});

describe('a key that somebody else has put in place', () => {
  it('is not followed where it is a link to nothing, nor taken where it is no key', async () => {
    const directory = dataDirectory();
    symlinkSync(join(directory, 'elsewhere'), join(directory, 'master.key'));
    await expect(open(join(directory, 'portcullis.db'))).rejects.toThrow();
    expect(existsSync(join(directory, 'elsewhere'))).toBe(false);
    const second = dataDirectory();
    writeFileSync(join(second, 'master.key'), 'not a key');
    await expect(open(join(second, 'portcullis.db'))).rejects.toThrow('does not hold 32 bytes');
  });
});
