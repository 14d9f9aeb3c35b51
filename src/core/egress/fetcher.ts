/** What Portcullis fetches: nothing else is ever asked for. */
export type FetchPurpose = 'client_metadata' | 'client_keys' | 'issuer_keys';

interface PurposeRules {
  /** Media types that the answer may have; `application/*+json` stands for every type with that suffix. */
  readonly contentTypes: readonly string[];
  /** Default size limit in bytes. */
  readonly maximumBytes: number;
}

/** Every kind of document that is fetched, with what its answer has to be. */
export const fetchPurposes: Readonly<Record<FetchPurpose, PurposeRules>> = {
  client_metadata: { contentTypes: ['application/json', 'application/*+json'], maximumBytes: 5120 },
  client_keys: { contentTypes: ['application/json', 'application/jwk-set+json'], maximumBytes: 65_536 },
  issuer_keys: { contentTypes: ['application/json', 'application/jwk-set+json'], maximumBytes: 65_536 },
};

export interface FetchRequest {
  /** An https URL in its normal form: what a parser would have to repair is refused. */
  readonly url: string;
  readonly purpose: FetchPurpose;
  /** How old a cached document may be, in milliseconds; for keys, when a signature names one that is not there. */
  readonly maximumAge?: number;
  /** Gives up waiting. */
  readonly signal?: AbortSignal;
}

export interface FetchedDocument {
  readonly url: string;
  /** The body, valid UTF-8, not parsed. */
  readonly text: string;
  /** When the server of the document last said that it is this, in milliseconds since the epoch. */
  readonly obtainedAt: number;
}

/** The one way to the outside. `provider.egress` is one, or `undefined` where this server fetches nothing. */
export interface Fetcher {
  /**
   * Whether a URL may be fetched by the rules, without asking anybody: for what clients register.
   * @throws EgressError `invalid_url` or `host_refused`, with what is wrong
   */
  check(url: string): void;

  /**
   * Fetches one document, or takes it from the cache.
   * @throws EgressError always, and nothing else
   */
  fetch(request: FetchRequest): Promise<FetchedDocument>;
}
