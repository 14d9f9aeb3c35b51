import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TestIssuer } from '../../src/testing/test-issuer.ts';
import { addUser, portcullis, portcullisJson, temporaryDirectory } from './processes.ts';

const issuer = 'https://idp.example.com';
const moment = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

/** A directory whose configuration trusts one issuer, by a file beside it. */
function trustingDirectory(): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'idp.jwks.json'), JSON.stringify(new TestIssuer(issuer).key.jwks));
  const identityAssertions = { issuers: [{ issuer, keysFile: 'idp.jwks.json' }] };
  writeFileSync(join(directory, 'portcullis.json'), JSON.stringify({ identityAssertions }));
  return directory;
}

describe('identities', () => {
  test('are linked, listed and unlinked', async () => {
    const directory = trustingDirectory();
    await addUser('ada', directory);
    const userId = expect.any(String);
    const link = { issuer, subject: '00u1', userId, userName: 'ada', linkedBy: 'administrator', linkedAt: moment };
    const words = ['--issuer', issuer, '--subject', '00u1'];
    expect(await portcullisJson(['identity', 'link', 'ada', ...words], { directory })).toEqual({ identity: link });
    expect(await portcullisJson(['identity', 'link', 'ada', '--subject', '00u1'], { directory })).toEqual({
      identity: link,
    });
    expect(await portcullisJson(['identity', 'list', '--user', 'ada'], { directory })).toEqual({ identities: [link] });
    const { stdout } = await portcullis(['identity', 'list'], { directory });
    expect(stdout).toMatch(/^ISSUER +SUBJECT +USER +LINKED BY +SINCE \(UTC\)\n.*00u1 +ada +administrator /);
    await addUser('bob', directory);
    expect(await portcullis(['identity', 'link', 'bob', ...words], { directory })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('this subject is ada already'),
    });
    const gone = await portcullis(['identity', 'unlink', '--subject', '00u1'], { directory });
    expect(gone).toMatchObject({ code: 0, stdout: `00u1 at ${issuer} is no longer ada.\n` });
    expect(await portcullis(['identity', 'unlink', '--subject', '00u1'], { directory })).toMatchObject({ code: 3 });
    expect((await portcullis(['identity', 'list'], { directory })).stdout).toBe(
      'No user is linked to an identity provider.\n',
    );
  });

  test('need a user, a subject, and an issuer where the configuration does not list one', async () => {
    const directory = temporaryDirectory();
    await addUser('ada', directory);
    const link = async (...words: string[]) => (await portcullis(['identity', 'link', ...words], { directory })).stderr;
    expect(await link('ada', '--subject', '00u1')).toContain('--issuer is missing');
    expect(await link('ada', '--issuer', issuer)).toContain('--subject is missing');
    expect(await link('ada', '--issuer', 'a b', '--subject', '00u1')).toContain('is none');
    expect(await link('adda', '--issuer', issuer, '--subject', '00u1')).toContain("did you mean 'ada'?");
    const { stdout } = await portcullis(['identity', 'link', 'ada', '--issuer', issuer, '--subject', '00u1'], {
      directory,
    });
    expect(stdout).toContain('does not list the issuer');
  });

  test('keys that are no keys, two places for them, or none are told before the server starts', async () => {
    const directory = temporaryDirectory();
    const check = async (settings: object) => {
      const identityAssertions = { issuers: [{ issuer, ...settings }] };
      writeFileSync(join(directory, 'portcullis.json'), JSON.stringify({ identityAssertions }));
      return (await portcullis(['config', 'check'], { directory })).stderr;
    };
    writeFileSync(join(directory, 'broken.json'), '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}');
    expect(await check({})).toContain('needs either keysUrl or keysFile');
    expect(await check({ keysFile: 'missing.json' })).toMatch(/key set .*missing\.json cannot be used/);
    expect(await check({ keysFile: 'broken.json' })).toContain('no usable public key');
    expect(await check({ keysUrl: 'https://idp.example.com/jwks' })).toContain('enable egress');
    expect(await check({ keysFile: 'broken.json', user: {} })).toContain("did you mean '");
  });
});

describe('a client of the enterprise', () => {
  const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  const add = ['client', 'add', '--enterprise', '--name', 'Team app', '--scopes', 'notes:read'];

  test('is confidential, and needs no redirect URI; with one, users can sign in to it here too', async () => {
    const directory = trustingDirectory();
    expect(await portcullisJson(add, { directory })).toMatchObject({
      client: { grantTypes: [grant], redirectUris: [], tokenEndpointAuthMethod: 'client_secret_basic' },
      clientSecret: expect.stringMatching(/^[\w-]{43}$/),
    });
    const both = await portcullisJson([...add, '--redirect-uri', 'https://app.example.com/cb'], { directory });
    expect(both).toMatchObject({
      client: {
        grantTypes: ['authorization_code', 'refresh_token', grant],
        tokenEndpointAuthMethod: 'client_secret_basic',
      },
    });
  });

  test('is neither public nor a machine, and there is none where no identity provider is trusted', async () => {
    const directory = trustingDirectory();
    const said = async (words: string[], at = directory) => (await portcullis(words, { directory: at })).stderr;
    expect(await said([...add, '--public'])).toContain('either --public or --confidential');
    expect(await said([...add, '--machine'])).toContain('either for itself');
    expect(await said(add.slice(0, 5))).toContain('--scopes is missing');
    expect(await said(add, temporaryDirectory())).toContain('trusts no identity provider');
  });
});
