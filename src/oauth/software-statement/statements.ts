import { OAuthError } from '../../core/errors.ts';
import type { Client } from '../../core/records.ts';
import type { SoftwareStatementOptions } from '../../core/software-statements.ts';
import type { OAuthProvider } from '../../provider.ts';
import { clientMetadataNames } from '../register/client-metadata.ts';
import { invalid, parseStatement, type StatementReader, statedMetadata, unapproved } from './statement.ts';
import { type KnownStatementIssuer, knownStatementIssuers } from './trusted-issuers.ts';
import { VerifiedStatement } from './verified-statement.ts';

/** Client metadata as it counts: what a statement sets has taken the place of what the client says. */
export interface StatedMetadata {
  readonly metadata: unknown;
  /** `undefined` where the client brought none, or none are taken here. */
  readonly statement: VerifiedStatement | undefined;
}

/** What trusted issuers state of the clients that register. */
export class SoftwareStatements {
  readonly #provider: OAuthProvider;
  readonly #issuers: ReadonlyMap<string, KnownStatementIssuer>;
  readonly #isRequired: boolean;
  readonly #leeway: number;

  /** @throws ConfigurationError naming the setting and what to change */
  constructor(provider: OAuthProvider, options: SoftwareStatementOptions = { issuers: [] }) {
    this.#provider = provider;
    this.#issuers = knownStatementIssuers(options, {
      issuer: provider.settings.issuer,
      onBroken: (reason) => provider.report({ name: 'server.error', reason }),
    });
    this.#isRequired = options.required ?? false;
    this.#leeway = options.leeway ?? 30_000;
  }

  /** Whether anybody's are taken. Where not, they are metadata that is not understood. */
  get areTaken(): boolean {
    return this.#issuers.size > 0;
  }

  /** Whether one may stand in for an initial access token or an approval. */
  get mayAdmit(): boolean {
    return [...this.#issuers.values()].some(({ admits }) => admits);
  }

  /**
   * What a client sent, with what its statement sets in place of what it says itself.
   * @param before the client as it is, where it changes its registration: a statement of other software makes it no other one
   * @throws OAuthError `invalid_software_statement`, `unapproved_software_statement`
   * @see RFC 7591 §2.3, §3.1.1
   */
  async apply(sent: unknown, before?: Client): Promise<StatedMetadata> {
    if (!this.areTaken || !isObject(sent)) return { metadata: sent, statement: undefined };
    const { software_statement: jwt, ...plain } = sent;
    try {
      if (jwt === undefined || jwt === null) {
        if (this.#isRequired) throw invalid('clients register here with a software statement: send software_statement');
        return { metadata: plain, statement: undefined };
      }
      const parsed = parseStatement(jwt, this.#reader());
      const statement = await VerifiedStatement.verify(parsed);
      const stated = statedMetadata(parsed, clientMetadataNames);
      if (before !== undefined) requireSameSoftware(before, statement);
      return { metadata: { ...plain, ...stated }, statement };
    } catch (error) {
      if (error instanceof OAuthError)
        this.#provider.report({
          name: 'client.registration_refused',
          reason: `software statement: ${error.description}`,
          ...(before === undefined ? {} : { clientId: before.clientId }),
        });
      throw error;
    }
  }

  #reader(): StatementReader {
    const { settings, clock } = this.#provider;
    return {
      issuers: this.#issuers,
      audiences: [settings.issuer, this.#provider.endpointUrl('register')],
      now: clock.now(),
      leeway: this.#leeway,
    };
  }
}

// Its users allowed what its first statement described, so another description is another client.
function requireSameSoftware({ software }: Client, { record }: VerifiedStatement): void {
  if (software === undefined) return;
  if (software.issuer !== record.issuer || software.softwareId !== record.softwareId)
    throw unapproved('the statement is of other software than the one that the client registered with: register anew');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
