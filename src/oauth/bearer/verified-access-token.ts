import type { ResourceUri } from '../../core/ids.ts';
import type { AccessToken } from '../../core/records.ts';
import type { SignIn } from '../../core/sign-in-demand.ts';

/** Proof that a presented access token is alive, was issued for this resource, and came from the holder of its key. */
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
   * @param provenKey thumbprint of the key that the request proved; absent for a bearer token
   * @returns `undefined` where it is expired, was issued for another resource, or is bound to another key
   * @see RFC 9068 §4, RFC 8707 §2, RFC 9449 §7
   */
  static check(
    record: AccessToken | undefined,
    token: string,
    resource: ResourceUri,
    now: number,
    provenKey?: string,
  ): VerifiedAccessToken | undefined {
    if (record === undefined || !VerifiedAccessToken.isAlive(record, resource, now)) return undefined;
    if (record.keyThumbprint !== provenKey) return undefined;
    return new VerifiedAccessToken(record, token);
  }

  /** Whether a token is unexpired and was issued for a resource: not yet whether whoever sent it may use it. */
  static isAlive(record: AccessToken, resource: ResourceUri, now: number): boolean {
    return record.expiresAt > now && record.resource === resource;
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

  /** Thumbprint of the key that it is bound to; `undefined` for a bearer token. @see RFC 7638 */
  get keyThumbprint(): string | undefined {
    return this.#record.keyThumbprint;
  }

  /** When and how the user signed in whom it stands for; nothing for a machine client. @see RFC 9068 §2.2.1 */
  get signIn(): SignIn {
    const { subject, clientId, claims } = this.#record;
    if ((subject as string) === clientId) return {};
    const { auth_time: time, acr } = claims ?? {};
    return {
      ...(typeof time === 'number' ? { authenticatedAt: time * 1000 } : {}),
      ...(typeof acr === 'string' ? { acr } : {}),
    };
  }

  get claims(): Readonly<Record<string, unknown>> {
    return this.#record.claims ?? {};
  }
}
