import * as fc from 'fast-check';
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { OAuthError } from '../../core/errors.ts';
import { InMemoryProvider } from '../../in-memory/index.ts';
import { TestPublisher } from '../../testing/test-publisher.ts';
import { clientMetadataNames } from '../register/client-metadata.ts';
import { SoftwareStatements } from './statements.ts';

const publisher = new TestPublisher();
const stranger = new TestPublisher(publisher.issuer);
const provider = new InMemoryProvider({ baseUrl: 'https://mcp.example.com', clientRegistration: { policy: 'open' } });
const allowed = clientMetadataNames.filter((name) => name !== 'scope');
const statements = new SoftwareStatements(provider, { issuers: [publisher.trusted({ claims: allowed })] });
const keySet = createLocalJWKSet(publisher.key.jwks as JSONWebKeySet);

/** What a client gets with a statement; `undefined` where it is refused, which is all that may happen beside. */
async function taken(statement: unknown, plain: object = {}): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const { metadata } = await statements.apply({ ...plain, software_statement: statement });
    return metadata as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    expect(['invalid_software_statement', 'unapproved_software_statement']).toContain(error.code);
    expect(error.description.length).toBeLessThanOrEqual(500);
    return undefined;
  }
}

const anything = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, '', 0, -1, 1e300, true, [], {}, 'https://publisher.example', ['x']),
  fc.jsonValue({ maxDepth: 1 }),
);
const changed = (...names: readonly string[]) => fc.dictionary(fc.constantFrom(...names), anything, { maxKeys: 3 });
const anyClaims = changed(
  'iss',
  'aud',
  'exp',
  'nbf',
  'iat',
  'scope',
  'redirect_uris',
  'client_name',
  'jwks',
  '__proto__',
);
const anyHeader = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: changed('typ', 'kid', 'jwk', 'x5c', 'jku') },
);

describe('a software statement, whatever is in it,', () => {
  it('is taken only where an independent reader takes it too, and then all that it sets holds [RFC7591-22, RFC7591-23, RFC7591-27]', async () => {
    let accepted = 0;
    const plain = { client_name: 'Plain', scope: 'read', redirect_uris: ['https://plain.example/cb'] };
    await fc.assert(
      fc.asyncProperty(
        anyClaims,
        anyHeader,
        fc.constantFrom(publisher, publisher, stranger),
        async (claims, header, by) => {
          const statement = await by.statement(provider, claims, header);
          const metadata = await taken(statement, plain);
          if (metadata === undefined) return;
          accepted += 1;
          const { payload } = await jwtVerify(statement, keySet, {
            issuer: publisher.issuer,
            algorithms: ['EdDSA'],
            currentDate: new Date(provider.clock.now()),
            clockTolerance: 31,
            requiredClaims: ['exp', 'redirect_uris'],
            ...(decodeJwt(statement).aud === undefined
              ? {}
              : { audience: ['https://mcp.example.com', 'https://mcp.example.com/register'] }),
          });
          for (const name of clientMetadataNames) {
            const stated = payload[name] ?? undefined;
            expect(metadata[name], name).toEqual(stated ?? plain[name as keyof typeof plain]);
          }
          expect(payload['scope'] ?? undefined).toBeUndefined();
          expect(metadata).not.toHaveProperty('software_statement');
        },
      ),
      { numRuns: 600 },
    );
    expect(accepted).toBeGreaterThan(20);
  });

  it('is refused with a reason where it is no statement at all, and nothing else is thrown [RFC7591-26]', async () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 4 }).map((parts) => parts.join('.')),
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(texts, anything), async (value) => {
        const metadata = await taken(value);
        expect(metadata === undefined || value === undefined || value === null).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
