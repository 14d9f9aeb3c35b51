import { describe, expect, it } from 'vitest';
import { hashSecret } from '../../core/hash.ts';
import type { ClientId, ResourceUri, Subject } from '../../core/ids.ts';
import { systemRandom } from '../../core/random.ts';
import type { Client } from '../../core/records.ts';
import { issueCode } from './approve.ts';
import { ValidatedRedirectUri } from './redirect-uri.ts';
import type { AuthorizeRequest } from './request.ts';

const client: Client = {
  clientId: 'c' as ClientId,
  tokenEndpointAuthMethod: 'none',
  redirectUris: ['https://a.example/cb?flag&x=1'],
  grantTypes: ['authorization_code'],
  responseTypes: ['code'],
  scopes: ['read', 'write'],
  registeredBy: 'dynamic',
  issuedAt: 0,
};
const request: AuthorizeRequest = {
  client,
  redirectUri: ValidatedRedirectUri.match(client, undefined),
  redirectUriWasSent: false,
  codeChallenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  scopes: ['read'],
  resource: 'https://a.example/mcp' as ResourceUri,
  state: 'a b',
  prompt: [],
  receivedAt: 0,
};
const using = { random: systemRandom, now: 1000, lifetime: 60_000, issuer: 'https://i.example' };
const approval = { subject: 's' as Subject, scopes: ['read'], authenticatedAt: 5 };

describe('issueCode', () => {
  it('binds the code to client, user, redirect URI, challenge, scope and resource, and stores its hash only [OAUTH21-36, OAUTH21-37, RFC7636-05, RFC7636-06]', () => {
    const { record, redirectTo } = issueCode(request, approval, using);
    const target = new URL(redirectTo);
    const code = target.searchParams.get('code') ?? '';
    expect(redirectTo).toBe(`https://a.example/cb?flag&x=1&code=${code}&state=a+b&iss=https%3A%2F%2Fi.example`);
    expect(record).toMatchObject({
      hash: hashSecret(code),
      grant: { clientId: 'c', subject: 's', scopes: ['read'], resource: 'https://a.example/mcp', authenticatedAt: 5 },
      redirectUri: 'https://a.example/cb?flag&x=1',
      redirectUriWasSent: false,
      codeChallenge: request.codeChallenge,
      expiresAt: 61_000,
    });
    expect(JSON.stringify(record)).not.toContain(code);
    expect(redirectTo).not.toContain(request.codeChallenge);
  });

  it('grants nothing that was not asked for', () => {
    expect(issueCode(request, { ...approval, scopes: ['read', 'write', 'admin'] }, using).record.grant.scopes).toEqual([
      'read',
    ]);
  });

  it('opens a grant of its own every time [PITFALL-18]', () => {
    const [one, two] = [issueCode(request, approval, using), issueCode(request, approval, using)];
    expect(one.record.grant.grantId).not.toBe(two.record.grant.grantId);
    expect(one.record.hash).not.toBe(two.record.hash);
  });

  it('refuses a redirect URI that was not validated [PITFALL-01]', () => {
    const forged = {
      toString: () => 'https://evil.example/',
      with: () => 'https://evil.example/',
    } as unknown as ValidatedRedirectUri;
    expect(() => issueCode({ ...request, redirectUri: forged }, approval, using)).toThrow(TypeError);
  });
});
