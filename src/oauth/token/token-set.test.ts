import { describe, expect, it } from 'vitest';
import { AlreadySpentError } from '../../core/errors.ts';
import type { ClientId, GrantId, ResourceUri, Subject } from '../../core/ids.ts';
import type { Grant } from '../../core/records.ts';
import { ConsumedGrant, declareRedeemable, type Redeemable } from './consumed-grant.ts';
import { accessTokenFor, mintSecret, refreshTokenFor } from './mint.ts';
import { TokenSet } from './token-set.ts';

const grant: Grant = {
  grantId: 'g' as GrantId,
  clientId: 'c' as ClientId,
  subject: 's' as Subject,
  scopes: ['read', 'write'],
  resource: 'https://a.example/mcp' as ResourceUri,
  authenticatedAt: 0,
  approvedAt: 0,
};
const lifetimes = {
  authorizationCode: 1,
  accessToken: 10,
  refreshToken: 100,
  refreshTokenAbsolute: 150,
  refreshTokenGrace: 5,
};

function redeemable(scopes: readonly string[]): Redeemable {
  const checked = { grant, scopes };
  declareRedeemable(checked);
  return checked;
}

describe('TokenSet', () => {
  it('is issued for the request that spent the grant, and for nothing else [PITFALL-03]', () => {
    const consumed = ConsumedGrant.claim(redeemable(['read']), true);
    expect(TokenSet.issue(consumed, { accessToken: 'a', expiresIn: 600, refreshToken: 'r' }).toJSON()).toEqual({
      access_token: 'a',
      token_type: 'Bearer',
      expires_in: 600,
      refresh_token: 'r',
      scope: 'read',
    });
    expect(() => ConsumedGrant.claim(redeemable(['read']), false)).toThrow(AlreadySpentError);
    expect(() => ConsumedGrant.claim({ grant, scopes: ['read'] }, true)).toThrow(TypeError);
    for (const forged of [Object.create(ConsumedGrant.prototype), { grant, scopes: ['admin'] }]) {
      expect(() => TokenSet.issue(forged as ConsumedGrant, { accessToken: 'a', expiresIn: 600 })).toThrow(TypeError);
    }
  });

  it('leaves out what it does not have', () => {
    const consumed = ConsumedGrant.claim(redeemable([]), true);
    expect(Object.keys(TokenSet.issue(consumed, { accessToken: 'a', expiresIn: 1 }).toJSON())).toEqual([
      'access_token',
      'token_type',
      'expires_in',
    ]);
  });
});

describe('records of new tokens', () => {
  it('bind client, user and resource of the grant [OAUTH21-27, PITFALL-10]', () => {
    expect(accessTokenFor({ grant, scopes: ['read'] }, 'id', 1000, lifetimes)).toMatchObject({
      clientId: 'c',
      subject: 's',
      grantId: 'g',
      resource: 'https://a.example/mcp',
      scopes: ['read'],
      issuedAt: 1000,
      expiresAt: 1010,
    });
  });

  it('let a refresh token slide with use, but not beyond the absolute cap [OAUTH21-51, RFC9700-12]', () => {
    const { hash } = mintSecret({ bytes: (length) => new Uint8Array(length) });
    expect(refreshTokenFor({ grant, scopes: [] }, hash, 20, lifetimes).expiresAt).toBe(120);
    expect(refreshTokenFor({ grant, scopes: [] }, hash, 120, lifetimes).expiresAt).toBe(150);
  });
});
