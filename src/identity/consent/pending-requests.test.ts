import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientNamed, openSchema } from '../../../test/support/database.ts';
import { ManualClock } from '../../core/clock.ts';
import { sql } from '../../core/database.ts';
import { hashSecret } from '../../core/hash.ts';
import type { ResourceUri } from '../../core/ids.ts';
import { systemRandom } from '../../core/random.ts';
import { ValidatedRedirectUri } from '../../oauth/authorization-code/redirect-uri.ts';
import type { AuthorizeRequest } from '../../oauth/authorization-code/request.ts';
import { ClientStore } from '../../oauth/register/store.ts';
import type { DatabaseWithDialect } from '../../storage/dialect.ts';
import { redirectHost } from './consents.ts';
import { PendingRequests } from './pending-requests.ts';

const lifetime = 60_000;
const client = clientNamed('client');

let database: DatabaseWithDialect;
let clock: ManualClock;
let requests: PendingRequests;

beforeEach(async () => {
  database = await openSchema();
  clock = new ManualClock();
  const clients = new ClientStore({ database });
  await clients.add(client);
  requests = new PendingRequests(database, clients, clock, systemRandom, lifetime);
});
afterEach(() => database.close());

function request(changes: Partial<AuthorizeRequest> = {}): AuthorizeRequest {
  return {
    client,
    redirectUri: ValidatedRedirectUri.match(client, 'http://localhost:60123/cb'),
    redirectUriWasSent: true,
    codeChallenge: 'c'.repeat(43),
    scopes: ['read', 'write'],
    resource: 'https://mcp.example.com/mcp' as ResourceUri,
    prompt: ['login', 'consent'],
    receivedAt: clock.now(),
    state: 'st"ate\u{1f600}',
    loginHint: 'ada',
    ...changes,
  };
}

describe('a pending request', () => {
  it('is found again as it was, by its id, which only the browser has', async () => {
    const id = await requests.add(request());
    const found = await requests.find(id);
    expect(found).toMatchObject({ id, hash: hashSecret(id), client, createdAt: clock.now(), browserHash: undefined });
    expect({ ...found?.request, redirectUri: String(found?.request.redirectUri) }).toEqual({
      ...request(),
      redirectUri: 'http://localhost:60123/cb',
    });
    expect(JSON.stringify(await database.read('SELECT * FROM authorization_requests'))).not.toContain(id);
    expect(await requests.find(hashSecret(id))).toBeUndefined();
  });

  it('keeps what was absent absent', async () => {
    const { state: _, loginHint: __, ...rest } = request();
    const found = await requests.find(await requests.add(rest));
    expect(Object.keys(found?.request ?? {})).not.toContain('state');
    expect(Object.keys(found?.request ?? {})).not.toContain('loginHint');
  });

  it('is gone when its time is over, when it is finished, and when its client is gone', async () => {
    const [expired, finished, orphaned] = [
      await requests.add(request()),
      await requests.add(request()),
      await requests.add(request()),
    ];
    await database.write(
      sql('UPDATE authorization_requests SET completed_at = 1 WHERE request_hash = ?', hashSecret(finished)),
    );
    expect(await requests.find(finished)).toBeUndefined();
    clock.advance(lifetime - 1);
    expect(await requests.find(expired)).toBeDefined();
    clock.advance(1);
    expect(await requests.find(expired)).toBeUndefined();
    await database.write(sql('DELETE FROM clients'));
    expect(await requests.find(orphaned)).toBeUndefined();
  });

  it('has its redirect URI matched with the client’s once more', async () => {
    const id = await requests.add(request());
    await database.write(
      sql(`UPDATE authorization_requests SET parameters = replace(parameters, 'localhost', 'evil.example')`),
    );
    expect(await requests.find(id)).toBeUndefined();
  });

  it('belongs to the first browser that asks, for good', async () => {
    const found = await requests.find(await requests.add(request()));
    if (found === undefined) throw new Error('the request is not there');
    const browsers = Array.from({ length: 10 }, (_, index) => hashSecret(`browser ${index}`));
    const bound = await Promise.all(browsers.map((browser) => requests.bind(found, browser)));
    expect(bound.filter(Boolean)).toHaveLength(1);
    const again = await requests.find(found.id);
    if (again === undefined) throw new Error('the request is not there');
    for (const [index, browser] of browsers.entries()) expect(await requests.bind(again, browser)).toBe(bound[index]);
  });
});

describe('what a consent is remembered for', () => {
  it.each([
    ['http://localhost:1234/cb', 'http://localhost'],
    ['http://localhost/other?x', 'http://localhost'],
    ['http://127.0.0.1:1/cb', 'http://127.0.0.1'],
    ['http://[::1]:1/cb', 'http://[::1]'],
    ['https://app.example/cb', 'https://app.example'],
    ['https://APP.example:443/cb', 'https://app.example'],
    ['https://app.example:8443/cb', 'https://app.example:8443'],
    ['https://localhost:8443/cb', 'https://localhost:8443'],
    ['com.example.app:/cb', 'com.example.app://'],
    ['vscode://publisher.extension/cb', 'vscode://publisher.extension'],
  ])('of %s is %s', (redirectUri, host) => {
    expect(redirectHost(redirectUri)).toBe(host);
  });
});
