import { expect, it } from 'vitest';
import { openIdentity, origin } from '../../../test/support/identity.ts';

it('says that the process answers, and whether the database does, to nobody’s cache', async () => {
  const { portcullis, send } = await openIdentity();
  const answer = async (path: string) => {
    const response = await send(new Request(`${origin}${path}`));
    expect(response.headers.get('cache-control')).toBe('no-store');
    return [response.status, await response.text()];
  };
  expect(await answer('/healthz')).toEqual([200, 'ok\n']);
  expect(await answer('/readyz')).toEqual([200, 'ready\n']);
  await portcullis.close();
  expect(await answer('/healthz')).toEqual([200, 'ok\n']);
  expect(await answer('/readyz')).toEqual([503, 'the database does not answer\n']);
});

it('lies below the path of the base URL', async () => {
  const { portcullis } = await openIdentity({ baseUrl: `${origin}/auth` });
  const status = async (path: string) => (await portcullis.handle(new Request(`${origin}${path}`)))?.status;
  expect([await status('/auth/healthz'), await status('/auth/readyz'), await status('/healthz')]).toEqual([
    200,
    200,
    undefined,
  ]);
});
