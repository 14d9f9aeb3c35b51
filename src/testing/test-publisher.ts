import type { StatementIssuer } from '../core/software-statements.ts';
import type { OAuthProvider } from '../provider.ts';
import { TestClientKey } from './test-client-key.ts';

type Members = Readonly<Record<string, unknown>>;

/** A publisher of client software that states whatever a test wants stated. */
export class TestPublisher {
  readonly issuer: string;
  key: TestClientKey;

  constructor(issuer = 'https://publisher.example', algorithm = 'EdDSA') {
    this.issuer = issuer;
    this.key = TestClientKey.generate(algorithm);
  }

  /** For `softwareStatements.issuers`, with its present key. */
  trusted(changes: Partial<StatementIssuer> = {}): StatementIssuer {
    return { issuer: this.issuer, keys: { jwks: this.key.jwks }, ...changes };
  }

  /** What it says of its notes app, for an hour. */
  claims({ clock }: OAuthProvider): Members {
    const now = Math.floor(clock.now() / 1000);
    return {
      iss: this.issuer,
      iat: now,
      exp: now + 3600,
      software_id: 'notes',
      client_name: 'Notes of the publisher',
      redirect_uris: ['http://localhost:9999/cb'],
    };
  }

  /** A software statement. @param claims replace members of the usual ones; `undefined` leaves one out */
  statement(provider: OAuthProvider, claims: Members = {}, header: Members = {}): Promise<string> {
    return this.key.sign({ ...this.claims(provider), ...claims }, header);
  }
}
