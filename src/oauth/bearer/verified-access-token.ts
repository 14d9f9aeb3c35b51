import type { ResourceUri } from '../../core/ids.ts';
import type { AccessToken } from '../../core/records.ts';

/** Proof that a presented access token is alive and was issued for this resource. */
export class VerifiedAccessToken {
  readonly #record: AccessToken;
  readonly #token: string;

  private constructor(record: AccessToken, token: string) {
    this.#record = record;
    this.#token = token;
  }

  /**
   * @param token as presented, kept for hosts whose handlers expect it
   * @param now milliseconds since the epoch
   * @returns `undefined` where it is expired or was issued for another resource
   * @see RFC 9068 §4, RFC 8707 §2
   */
  static check(
    record: AccessToken | undefined,
    token: string,
    resource: ResourceUri,
    now: number,
  ): VerifiedAccessToken | undefined {
    if (record === undefined || !(record.expiresAt > now) || record.resource !== resource) return undefined;
    return new VerifiedAccessToken(record, token);
  }

  /** @throws TypeError for anything that `check` did not make */
  static assert(value: VerifiedAccessToken): void {
    if (!(#record in value)) throw new TypeError('not a VerifiedAccessToken');
  }

  get token(): string {
    return this.#token;
  }

  get clientId(): AccessToken['clientId'] {
    return this.#record.clientId;
  }

  get subject(): AccessToken['subject'] {
    return this.#record.subject;
  }

  get grantId(): AccessToken['grantId'] {
    return this.#record.grantId;
  }

  get scopes(): readonly string[] {
    return this.#record.scopes;
  }

  get resource(): ResourceUri {
    return this.#record.resource;
  }

  /** Milliseconds since the epoch. */
  get expiresAt(): number {
    return this.#record.expiresAt;
  }

  get claims(): Readonly<Record<string, unknown>> {
    return this.#record.claims ?? {};
  }
}
