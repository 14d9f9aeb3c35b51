import { expect, it, vi } from 'vitest';
import { sql } from '../../src/core/database.ts';
import { openDatabase } from '../../src/storage/open.ts';
import { tokensOf } from '../../src/testing/test-client.ts';
import { portcullisJson } from '../cli/processes.ts';
import { openOnFile, type ServerOnFile, untilNoticed } from './server.ts';

/** Uses and refreshes one grant until told to stop. @returns how often, and whatever went wrong */
function usesWithoutPause(on: ServerOnFile) {
  const failures: string[] = [];
  let uses = 0;
  let goesOn = true;
  const loop = async () => {
    let tokens = await on.connect();
    while (goesOn) {
      const answer = await on.refresh(tokens);
      if (answer.status !== 200) failures.push(`refresh ${answer.status} ${answer.text}`);
      else {
        const before = tokens;
        tokens = tokensOf(answer);
        for (const each of [before, tokens]) if (!(await on.isHonoured(each))) failures.push('a token was refused');
      }
      uses += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const loops = Promise.all([loop(), loop(), loop()]);
  const stop = async () => {
    goesOn = false;
    await loops;
    return { uses, failures };
  };
  return { stop };
}

it('no token fails while another process replaces signing keys and the master key again and again', async () => {
  const on = await openOnFile();
  const load = usesWithoutPause(on);
  const keys = (...words: string[]) => portcullisJson(['keys', ...words], on);
  const before = on.server.services.signingKeys.current.keyId;
  const masters = new Set<unknown>();
  for (let round = 0; round < 2; round += 1) {
    await keys('rotate', '--now');
    masters.add((await keys('rotate-master'))['masterKeyId']);
    await keys('rotate');
  }
  const { uses, failures } = await load.stop();
  expect(failures).toEqual([]);
  expect(uses).toBeGreaterThan(10);
  expect(masters.size).toBe(2);
  // The running server follows: at once on SQLite, within a second on PostgreSQL.
  await vi.waitFor(
    async () => {
      await on.server.services.signingKeys.refresh();
      expect(on.server.services.signingKeys.all.length).toBe(5);
    },
    { timeout: 20_000, interval: 50 },
  );
  expect(on.server.services.signingKeys.current.keyId).not.toBe(before);
  const listed = (await keys('list')) as { keys: { keyId: string; state: string }[] };
  expect(listed.keys.filter(({ state }) => state === 'current')).toHaveLength(1);
});

it('a compromised key ends its tokens in the running server at once, and clients go on with their refresh tokens', async () => {
  const on = await openOnFile();
  const tokens = await on.connect();
  expect(await on.isHonoured(tokens)).toBe(true);
  await portcullisJson(['keys', 'rotate', '--compromised'], on);
  await untilNoticed(() => on.isHonoured(tokens), false);
  expect(await on.isHonoured(tokensOf(await on.refresh(tokens)))).toBe(true);
});

it('a refresh token is not spent while no key can be had to sign with', async () => {
  const on = await openOnFile({ refreshGraceSeconds: 0 });
  const tokens = await on.connect();
  const before = on.server.services.database.revision();
  const other = await openDatabase(on.config.database);
  await other.write(sql('ALTER TABLE signing_keys RENAME TO out_of_reach'));
  await untilNoticed(async () => on.server.services.database.revision() === before, false);
  const { status } = await on.refresh(tokens);
  await other.write(sql('ALTER TABLE out_of_reach RENAME TO signing_keys'));
  await other.close();
  expect(status).toBe(500);
  expect(await on.isHonoured(tokensOf(await on.refresh(tokens)))).toBe(true);
});
