import { expect, test } from 'vitest';
import { portcullis, portcullisJson, temporaryDirectory } from './processes.ts';

test('a server elsewhere is added with credentials and nothing else', async () => {
  const directory = temporaryDirectory();
  const added = await portcullisJson(['client', 'add', '--server', '--name', 'Mail server'], { directory });
  expect(added).toMatchObject({
    client: {
      clientName: 'Mail server',
      redirectUris: [],
      grantTypes: ['urn:ietf:params:oauth:grant-type:token-exchange'],
      scopes: [],
      tokenEndpointAuthMethod: 'client_secret_basic',
      registeredBy: 'administrator',
    },
    clientSecret: expect.stringMatching(/^[\w-]{43}$/),
  });
  for (const flags of [
    ['--machine', '--scopes', 'a'],
    ['--scopes', 'a'],
    ['--redirect-uri', 'https://a.example/cb'],
    ['--public'],
  ]) {
    const { code, stderr } = await portcullis(['client', 'add', '--server', '--name', 'x', ...flags], { directory });
    expect(code, stderr).toBe(2);
  }
});
