import { describe, expect, test } from 'vitest';
import { portcullis, portcullisJson, temporaryDirectory } from './processes.ts';

const device = ['client', 'add', '--device', '--name', 'Terminal', '--scopes', 'hello'];
const on = { PORTCULLIS_DEVICE_AUTHORIZATION__ENABLED: 'true' };
const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code';

describe('clients for devices', () => {
  test('are added with or without a redirect URI, public or with a secret', async () => {
    const options = { directory: temporaryDirectory(), environment: on };
    expect(await portcullisJson(device, options)).toMatchObject({
      clientSecret: null,
      client: {
        redirectUris: [],
        grantTypes: ['refresh_token', deviceCode],
        tokenEndpointAuthMethod: 'none',
        registeredBy: 'administrator',
        scopes: ['hello'],
      },
    });
    const both = ['--confidential', '--redirect-uri', 'https://terminal.example/cb'];
    expect(await portcullisJson([...device, ...both], options)).toMatchObject({
      clientSecret: expect.any(String),
      client: {
        redirectUris: ['https://terminal.example/cb'],
        grantTypes: ['authorization_code', 'refresh_token', deviceCode],
        tokenEndpointAuthMethod: 'client_secret_basic',
      },
    });
    const { stdout } = await portcullis(['client', 'list'], options);
    expect(stdout).toMatch(/Terminal +public +by hand/);
    expect(stdout).toMatch(/Terminal +confidential +by hand/);
  });

  test.for([
    [device, {}, 'this configuration has no device authorization'],
    [[...device, '--machine'], on, 'a --machine client has no user who could allow a --device'],
    [[...device, '--require-pushed-requests'], on, 'a client without --redirect-uri pushes no requests'],
    [['client', 'add', '--device'], on, '--name is missing'],
  ] as const)('%j is refused: %s', async ([words, environment, message]) => {
    const { code, stderr } = await portcullis(words, { directory: temporaryDirectory(), environment });
    expect(stderr).toContain(`portcullis: ${message}`);
    expect(code).toBe(2);
  });
});
