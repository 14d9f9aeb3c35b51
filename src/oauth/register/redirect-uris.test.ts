import { describe, expect, it } from 'vitest';
import { growthOf, muchMoreThanLinear } from '../../../test/support/growth.ts';
import { OAuthError } from '../../core/errors.ts';
import type { ApplicationType } from '../../core/records.ts';
import { checkRedirectUris, maximumRedirectUris } from './redirect-uris.ts';

function refusal(uris: readonly string[], type?: ApplicationType, schemes: readonly string[] = []): string | undefined {
  try {
    checkRedirectUris(uris, type, schemes);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(OAuthError);
    expect(error).toMatchObject({ code: 'invalid_redirect_uri', status: 400 });
    return (error as OAuthError).description;
  }
}

describe('checkRedirectUris', () => {
  it.each([
    'https://claude.ai/api/mcp/auth_callback',
    'https://a.example',
    'https://a.example:8443/cb?tenant=1&flag',
    'https://xn--bcher-kva.example/cb',
    'http://localhost/callback',
    'http://localhost:33418/',
    'http://127.0.0.1:6276/oauth/callback',
    'http://[::1]:8080/cb',
    'com.example.app:/oauth/cb',
    'com.example.app://cb',
    'cursor://anysphere.cursor-retrieval/oauth/user-x/callback',
    'vscode://vscode.github-authentication/did-authenticate',
  ])('accepts %s [RFC7591-14, MCP-SEC-09]', (uri) => {
    expect(refusal([uri])).toBeUndefined();
  });

  it.each([
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'java\tscript:alert(1)',
    ' javascript:alert(1)',
    'javascript://a.example/%0aalert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'vbscript:x',
    'blob:https://a.example/x',
    'view-source:https://a.example',
    'about:blank',
    'ws://localhost/',
    'ftp://localhost/',
    'intent://a#Intent;end',
    'urn:ietf:wg:oauth:2.0:oob',
    'myapp://cb',
    'x:',
    'https',
    '/cb',
    '',
  ])('refuses %j: its scheme is not on the list [CASE-22, PITFALL-14, RFC8252-05, OAUTH21-10]', (uri) => {
    expect(refusal([uri])).toBeDefined();
  });

  it.each([
    'http://a.example/cb',
    'http://127.0.0.1.evil.example/cb',
    'http://localhost.evil.example/cb',
    'http://localhost./cb',
    'http://0.0.0.0/cb',
    'http://192.168.1.1/cb',
  ])('refuses %s: http off this machine [CASE-23, RFC9700-05]', (uri) => {
    expect(refusal([uri])).toContain('http');
  });

  it.each(['https://a.example/cb#', 'https://a.example/cb#x', 'com.example.app:/cb#x'])(
    'refuses %s: a fragment [CASE-23, OAUTH21-07]',
    (uri) => {
      expect(refusal([uri])).toContain('fragment');
    },
  );

  it.each([
    'https://*.example/cb',
    'https://a.example/*',
    'https://a.example\\@evil.example/cb',
    'https:\\\\a.example/cb',
    'https://a.example/c b',
    'https://a.example/cb\n',
    'https://a.example/\u0000',
    'https://a.example/\u00a0',
    'https://bücher.example/cb',
    'https://аpple.example/cb',
    'https://a.example/<script>',
    'https://a.example/"x',
    'https://a.example/{x}',
    'https://a.example/a|b',
  ])('refuses %j: a character that does not belong there [PITFALL-34, OAUTH21-08]', (uri) => {
    expect(refusal([uri])).toBeDefined();
  });

  it.each([
    'https://good.example@evil.example/cb',
    'https://user:password@a.example/cb',
    'https://@a.example/cb',
    'https://:@a.example/cb',
    'com.example.app://user@host/cb',
    'com.example.app://@host/cb',
    'https://a.example%40evil.example/cb',
    'https://exa%6dple.com/cb',
    'https://a.example;b/cb',
    'https://a,b.example/cb',
    "https://a'b.example/cb",
    'https://a.example:/cb',
    'https://a.example:99999/cb',
    'https:a.example/cb',
    'https:/a.example/cb',
    'https:///a.example/cb',
    'HTTPS://a.example/cb',
    'https://a.example/a/../cb',
    'https://a.example/./cb',
    'https://a.example/%2e%2e/cb',
    'https://a.example/.%2E?x',
    'https://a.example/..',
  ])('refuses %s: browsers and this server might read it differently [PITFALL-34]', (uri) => {
    expect(refusal([uri])).toBeDefined();
  });

  it.each(['code', 'state', 'iss', 'error', 'error_description', 'error_uri', 'c%6fde'])(
    'refuses a query that has the response parameter %s already [CASE-47]',
    (name) => {
      expect(refusal([`https://a.example/cb?x=1&${name}=1`])).toContain('response parameter');
      expect(refusal([`com.example.app:/cb?${name}`])).toContain('response parameter');
    },
  );

  it('refuses loopback and own schemes to web clients, whose rules apply only where web was sent [CASE-24, PITFALL-31]', () => {
    const own = [
      'http://localhost/cb',
      'http://127.0.0.1:1/cb',
      'com.example.app:/cb',
      'https://localhost/cb',
      'https://[::1]/cb',
    ];
    for (const uri of own) {
      expect(refusal([uri], 'web')).toBeDefined();
      expect(refusal([uri], 'native')).toBeUndefined();
      expect(refusal([uri])).toBeUndefined();
    }
    expect(refusal(['https://a.example/cb'], 'web')).toBeUndefined();
  });

  it('takes further schemes from the configuration', () => {
    expect(refusal(['myapp://cb'], undefined, ['myapp'])).toBeUndefined();
    expect(refusal(['javascript:alert(1)'], undefined, ['myapp'])).toBeDefined();
  });

  it('bounds their number and length [PITFALL-34]', () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `https://a.example/${index}`);
    expect(refusal(many(maximumRedirectUris))).toBeUndefined();
    expect(refusal(many(maximumRedirectUris + 1))).toContain('more than');
    expect(refusal([`https://a.example/${'x'.repeat(2030)}`])).toBeUndefined();
    expect(refusal([`https://a.example/${'x'.repeat(2048)}`])).toContain('longer than');
  });

  it('judges every one of them', () => {
    expect(refusal(['https://a.example/cb', 'javascript:alert(1)'])).toBeDefined();
  });

  it.each(['a.', '/.', '%2e', 'a-', '@', '/'])('takes no longer for more of %s than there is more of it', (unit) => {
    const judge = (times: number) => refusal([`x${unit.repeat(times)}:`, `https://a.example/${unit.repeat(times)}`]);
    expect(growthOf(judge, 40)).toBeLessThan(muchMoreThanLinear);
  });
});
