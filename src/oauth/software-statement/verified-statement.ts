import { requireSignature } from '../../core/foreign-jwt.ts';
import type { StatedSoftware } from '../../core/records.ts';
import { invalid, type UnverifiedStatement } from './statement.ts';

/** Proof that a trusted issuer signed a statement. */
export class VerifiedStatement {
  readonly #statement: UnverifiedStatement;

  private constructor(statement: UnverifiedStatement) {
    this.#statement = statement;
  }

  /**
   * Verifies a statement with the pinned keys of its issuer: those of its `kid` where it names one.
   * @throws OAuthError `invalid_software_statement`
   */
  static async verify(statement: UnverifiedStatement): Promise<VerifiedStatement> {
    const { algorithm, keyId, issuer } = statement;
    await requireSignature(await issuer.keys.keysFor({ algorithm, keyId }), statement, invalid);
    return new VerifiedStatement(statement);
  }

  /** @throws TypeError for anything that `verify` did not make */
  static assert(value: VerifiedStatement): void {
    if (!(#statement in value)) throw new TypeError('not a VerifiedStatement');
  }

  /** Whether it lets its client in, where the policy asks for a token or an approval. */
  get admits(): boolean {
    return this.#statement.issuer.admits;
  }

  /** As it is kept with its client. */
  get record(): StatedSoftware {
    const { jwt, issuer, claims } = this.#statement;
    const softwareId = claims['software_id'];
    return {
      statement: jwt,
      issuer: issuer.issuer,
      ...(typeof softwareId === 'string' ? { softwareId } : {}),
    };
  }
}
