import type { AccessToken } from '../core/records.ts';

/** Where a resource server learns what a token is. */
export interface TokenSource {
  /** The token's record, or `undefined` where it is not the authorization server's or not alive. An outage throws. */
  find(token: string): Promise<AccessToken | undefined>;
}
