import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ClientId } from '../../src/core/ids.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import { portcullis, portcullisJson, temporaryDirectory } from './processes.ts';

const environment = { PORTCULLIS_REGISTRATION__POLICY: 'approval' };

function openIn(directory: string): Promise<Portcullis> {
  const data = join(directory, 'data');
  return Portcullis.open({
    database: join(data, 'portcullis.db'),
    masterKeyFile: join(data, 'master.key'),
    registration: { policy: 'approval' },
  });
}

async function register(provider: Portcullis, name: string, token?: string): Promise<Response> {
  const request = new Request(provider.endpointUrl('register'), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ client_name: name, redirect_uris: ['http://localhost/cb'], scope: 'a' }),
  });
  return (await provider.handle(request)) ?? new Response(null, { status: 404 });
}

test('a registration token is shown once, counted, listed and revoked [RFC7591-19, RFC7591-20]', async () => {
  const directory = temporaryDirectory();
  const options = { directory, environment };
  const words = ['registration-token', 'add', '--uses', '2', '--expires', '12h', '--label', 'Laptops'];
  const added = await portcullisJson(words, options);
  const { tokenId } = added['registrationToken'] as { tokenId: string };
  expect(added['token']).toMatch(/^[\w-]{43}$/);
  const provider = await openIn(directory);
  expect((await register(provider, 'A', String(added['token']))).status).toBe(201);
  await provider.close();
  const listed = await portcullis(['registration-token', 'list'], options);
  expect(listed.stdout).toMatch(new RegExp(`${tokenId} +Laptops +1 `));
  expect(listed.stdout).not.toContain(added['token']);
  expect(await portcullisJson(['registration-token', 'revoke', tokenId], options)).toEqual({ tokenId, revoked: true });
  expect(await portcullis(['registration-token', 'revoke', tokenId], options)).toMatchObject({ code: 3 });
  expect(await portcullis(['registration-token', 'list'], options)).toMatchObject({
    stdout: 'There is no registration token.\n',
  });
  expect(await portcullis(['client', 'list'], options)).toMatchObject({
    stdout: expect.stringMatching(/with a token/),
  });
});

test.each([
  [['--uses', '0'], '--uses must be a whole number from 1 to 100000'],
  [['--uses', '1.5'], '--uses must be'],
  [['--expires', '7'], '--expires must be a time such as 30m, 12h or 7d'],
  [['--expires', '400d'], 'at most 366d'],
  [['--label', 'a\nb'], '--label must be at most 100 characters on one line'],
])('registration-token add %j is refused', async (flags, message) => {
  const { code, stderr } = await portcullis(['registration-token', 'add', ...flags], {
    directory: temporaryDirectory(),
  });
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
});

test('a client that waits is listed, approved or denied, beside a running server [RFC7591-21]', async () => {
  const directory = temporaryDirectory();
  const options = { directory, environment };
  await portcullis(['registration-token', 'add'], options);
  const provider = await openIn(directory);
  const [one, two] = await Promise.all(
    ['One', 'Two'].map(async (name) => {
      const { client_id } = (await (await register(provider, name)).json()) as { client_id: ClientId };
      return client_id;
    }),
  );
  if (one === undefined || two === undefined) throw new Error('nothing registered');
  const pending = await portcullis(['client', 'list', '--pending'], options);
  expect(pending.stdout.match(/waits for approval/g)).toHaveLength(2);
  expect(await portcullis(['client', 'approve', one], options)).toMatchObject({ code: 2 });
  expect(await portcullisJson(['client', 'approve', one, '--yes'], options)).toEqual({ clientId: one, approved: true });
  expect(await portcullis(['client', 'approve', one, '--yes'], options)).toMatchObject({ code: 3 });
  expect(await portcullis(['client', 'deny', one, '--yes'], options)).toMatchObject({ code: 3 });
  expect(await portcullisJson(['client', 'deny', two, '--yes'], options)).toEqual({ clientId: two, deleted: true });
  expect(await provider.getClient(one)).toMatchObject({ admission: 'approved' });
  expect(await provider.getClient(two)).toBeUndefined();
  await provider.close();
});
