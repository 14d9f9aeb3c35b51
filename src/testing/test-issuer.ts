import type { TrustedIssuer } from '../core/identity-assertions.ts';
import { randomId, systemRandom } from '../core/random.ts';
import type { OAuthProvider } from '../provider.ts';
import { type Answer, formPost, readAnswer, sendTo } from './test-client.ts';
import { TestClientKey } from './test-client-key.ts';

type Members = Readonly<Record<string, unknown>>;

export const identityAssertionGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** An identity provider that asserts whatever a test wants asserted. */
export class TestIssuer {
  readonly issuer: string;
  key: TestClientKey;

  constructor(issuer = 'https://idp.example.com', algorithm = 'EdDSA') {
    this.issuer = issuer;
    this.key = TestClientKey.generate(algorithm);
  }

  /** For `identityAssertions.issuers`, with its present key. */
  trusted(changes: Partial<TrustedIssuer> = {}): TrustedIssuer {
    return { issuer: this.issuer, keys: { jwks: this.key.jwks }, ...changes };
  }

  /** The claims of an assertion of a user `ada` for a client, good for the default resource. */
  claims(provider: OAuthProvider, clientId: string): Members {
    const now = Math.floor(provider.clock.now() / 1000);
    return {
      iss: this.issuer,
      sub: 'ada',
      aud: provider.settings.issuer,
      client_id: clientId,
      resource: provider.settings.resource,
      scope: 'read',
      jti: randomId(systemRandom),
      iat: now,
      exp: now + 300,
    };
  }

  /** An ID-JAG. @param claims replace members of the usual ones; `undefined` leaves one out */
  assertion(provider: OAuthProvider, clientId: string, claims: Members = {}, header: Members = {}): Promise<string> {
    return this.key.sign({ ...this.claims(provider, clientId), ...claims }, { typ: 'oauth-id-jag+jwt', ...header });
  }
}

/** Presents an assertion as a client that authenticates by `client_secret_post`. */
export async function presentAssertion(
  provider: OAuthProvider,
  client: { readonly clientId: string; readonly secret: string },
  assertion: string | undefined,
  parameters: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const request = formPost(
    provider.endpointUrl('token'),
    {
      grant_type: identityAssertionGrant,
      client_id: client.clientId,
      client_secret: client.secret,
      ...(assertion === undefined ? {} : { assertion }),
      ...parameters,
    },
    headers,
  );
  return readAnswer(await sendTo(provider)(request));
}
