import { describe, expect, it } from 'vitest';
import { OAuthError } from '../../src/core/errors.ts';
import type { SecurityEvent } from '../../src/core/events.ts';
import type { ClientId, GrantId, ResourceUri, Subject } from '../../src/core/ids.ts';
import type { Client, Grant } from '../../src/core/records.ts';
import { InMemoryProvider } from '../../src/in-memory/index.ts';
import { issueCode } from '../../src/oauth/authorization-code/approve.ts';
import { redirectWithError } from '../../src/oauth/authorization-code/failure.ts';
import { ValidatedRedirectUri } from '../../src/oauth/authorization-code/redirect-uri.ts';
import type { AuthorizeRequest } from '../../src/oauth/authorization-code/request.ts';
import { VerifiedAccessToken } from '../../src/oauth/bearer/verified-access-token.ts';
import { ConsumedGrant } from '../../src/oauth/token/consumed-grant.ts';
import { TokenSet } from '../../src/oauth/token/token-set.ts';
import { OAuthProvider } from '../../src/provider.ts';
import { createTestClient, sendTo, TestBrowser } from '../../src/testing/index.ts';
import { CompleteProvider } from './fixtures/complete-provider.ts';

const baseUrl = 'https://mcp.example.com';
const evil = 'https://evil.example/cb';
const grant: Grant = {
  grantId: 'grant' as GrantId,
  clientId: 'client' as ClientId,
  subject: 'ada' as Subject,
  scopes: ['read'],
  resource: `${baseUrl}/mcp` as ResourceUri,
  authenticatedAt: 0,
  approvedAt: 0,
};
const minted = { accessToken: 'x', expiresIn: 600 };
const methods = Object.getOwnPropertyNames(CompleteProvider.prototype).filter((name) => name !== 'constructor');

/** Ways to make something that looks like an instance of a class but was not minted by it. */
function forgeries<Proof extends object>(proof: { readonly prototype: Proof }, members: object): [string, Proof][] {
  return [
    ['an object literal', members as unknown as Proof],
    [
      'an object with the prototype',
      Object.create(proof.prototype, Object.getOwnPropertyDescriptors(members)) as Proof,
    ],
    [
      'a proxy',
      new Proxy(Object.create(proof.prototype) as Proof, { get: (_target, name) => Reflect.get(members, name) }),
    ],
    ['null', null as unknown as Proof],
    ['a string', 'x' as unknown as Proof],
  ];
}

/** What a JavaScript subclass is without the compiler's help. */
function subclassWith(names: readonly string[]): new (options: { baseUrl: string }) => OAuthProvider {
  class JavaScriptProvider extends (OAuthProvider as unknown as new (options: { baseUrl: string }) => object) {}
  for (const name of names) Object.defineProperty(JavaScriptProvider.prototype, name, { value: async () => undefined });
  return JavaScriptProvider as unknown as new (options: {
    baseUrl: string;
  }) => OAuthProvider;
}

describe('a subclass in JavaScript', () => {
  it('with all nine methods constructs', () => {
    expect(methods).toHaveLength(9);
    expect(new (subclassWith(methods))({ baseUrl })).toBeInstanceOf(OAuthProvider);
  });

  for (const method of methods) {
    it(`without ${method} does not construct [PITFALL-26]`, () => {
      const Incomplete = subclassWith(methods.filter((name) => name !== method));
      expect(() => new Incomplete({ baseUrl })).toThrow(
        new TypeError(`JavaScriptProvider must implement ${method}() as a method`),
      );
    });
  }
});

describe('a forgery is refused', () => {
  it.each(forgeries(ConsumedGrant, { grant, scopes: ['read'] }))('%s for a ConsumedGrant', (_what, forged) => {
    expect(() => TokenSet.issue(forged, minted)).toThrow(TypeError);
  });

  it.each(forgeries(ValidatedRedirectUri, { toString: () => evil, with: () => evil }))(
    '%s for a ValidatedRedirectUri',
    (_what, forged) => {
      expect(() => redirectWithError(forged, new OAuthError('access_denied', 'no'), undefined, baseUrl)).toThrow(
        TypeError,
      );
      const request = {
        client: { clientId: grant.clientId } as Client,
        redirectUri: forged,
        scopes: ['read'],
        resource: grant.resource,
      } as unknown as AuthorizeRequest;
      const using = {
        random: { bytes: (length: number) => new Uint8Array(length) },
        now: 0,
        lifetime: 60_000,
        issuer: baseUrl,
      };
      expect(() => issueCode(request, { subject: grant.subject, scopes: ['read'], authenticatedAt: 0 }, using)).toThrow(
        TypeError,
      );
    },
  );

  it.each(forgeries(VerifiedAccessToken, { token: 'x', scopes: ['read'], subject: 'ada' }))(
    '%s for a VerifiedAccessToken',
    (_what, forged) => {
      expect(() => VerifiedAccessToken.assert(forged)).toThrow(TypeError);
    },
  );

  it.each(forgeries(TokenSet, { accessToken: 'x', toJSON: () => ({ access_token: 'forged', token_type: 'Bearer' }) }))(
    '%s for a TokenSet never reaches the client, and is reported',
    async (_what, forged) => {
      const events: SecurityEvent[] = [];
      const provider = new IssuesForgeries(forged, (event) => events.push(event));
      const client = await createTestClient(provider);
      const prepared = client.prepareAuthorization();
      const arrived = await new TestBrowser(sendTo(provider), baseUrl).visit(prepared.url);
      const answer = await client.redeem(client.receiveCode(prepared, arrived as URL));
      expect(answer.status).toBe(500);
      expect(answer.text).not.toContain('forged');
      expect(events.map(({ name }) => name)).toContain('server.error');
    },
  );
});

class IssuesForgeries extends InMemoryProvider {
  readonly #forged: TokenSet;

  constructor(forged: TokenSet, onEvent: (event: SecurityEvent) => void) {
    super({ baseUrl, clientRegistration: { enabled: true } }, { onEvent });
    this.#forged = forged;
  }

  override async exchangeAuthorizationCode(): Promise<TokenSet> {
    return this.#forged;
  }
}
