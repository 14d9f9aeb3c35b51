import type { ClientKind, DocumentState, IssuerNumber, ResourceName, ServerName } from './rules.ts';

/** What is refused leaves everything as it was, unless the rule at hand says otherwise. */
export type Outcome = Refusal | { readonly access: number; readonly refresh?: number };

/** `refused`: with whatever error. */
export type Refusal = 'refused' | DeviceError;

/** What a device is told that polls. @see RFC 8628 §3.5 */
export type DeviceError = 'authorization_pending' | 'slow_down' | 'access_denied' | 'expired_token' | 'invalid_grant';

export interface ReferenceClient {
  readonly kind: ClientKind;
  /** What it may ask for. */
  scopes: readonly string[];
  /** Not registered any more; of a document, and nobody has authorized it since. */
  gone: boolean;
  /** Where it is known by one. */
  document?: DocumentState;
}

export interface ReferenceUser {
  state: 'active' | 'disabled' | 'deleted';
  /** Of the last sign-in, in the one browser that the user has. */
  signedInAt: number;
}

/** When and how the user behind a grant signed in; absent for machines. */
export interface ReferenceSignIn {
  readonly at: number;
  readonly acr: string | undefined;
}

export interface ReferenceGrant {
  /** Index of its client; or the server that exchanged a token for it. */
  readonly client: number | ServerName;
  /** `undefined`: the client acts for itself. */
  readonly user: number | undefined;
  readonly scopes: readonly string[];
  readonly resource: ResourceName;
  readonly approvedAt: number;
  readonly signIn: ReferenceSignIn | undefined;
  /** The grant at the root of the exchange. */
  readonly root?: number;
  dead: boolean;
  generation: number;
  rotatedAt: number;
  retries: number;
}

export interface Issued {
  readonly grant: number;
  readonly expiresAt: number;
  /** The key that it is bound to. */
  readonly key: number | undefined;
  forgotten: boolean;
}

export interface ReferenceCode extends Issued {
  spent: boolean;
}

export interface ReferenceDevice {
  readonly client: number;
  readonly scopes: readonly string[];
  readonly resource: ResourceName;
  readonly expiresAt: number;
  wait: number;
  nextPollAt: number;
  /** The grant that its user opened. */
  decision: number | 'denied' | undefined;
  spent: boolean;
  forgotten: boolean;
}

/** What an issuer said of one of its people. */
export interface ReferenceAssertion {
  readonly issuer: IssuerNumber;
  readonly person: number;
  readonly scopes: readonly string[];
  readonly signedInAt: number | undefined;
  readonly refusedFrom: number;
  spent: boolean;
}

export interface ReferenceRefreshToken extends Issued {
  readonly generation: number;
}

export interface ReferenceAccessToken extends Issued {
  readonly scopes: readonly string[];
  /** How often a signing key had been compromised when it was signed. */
  readonly signedIn: number;
}

/** How a request presents something. */
export interface Presentation {
  /** Index of the client that sends it. */
  readonly by: number;
  readonly key?: number | undefined;
  readonly resource?: ResourceName | undefined;
}
