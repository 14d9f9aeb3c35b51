import { AsyncLocalStorage } from 'node:async_hooks';
import type { VerifiedAccessToken } from '../oauth/bearer/verified-access-token.ts';
import { ownerKey } from './session-owners.ts';

/** The HTTP request being served. Its token is set once it has been verified. */
export interface CurrentCall {
  token?: VerifiedAccessToken;
}

/**
 * Which token came with the request that is being served, and whose each session is. FastMCP keeps one token per
 * session and replaces it at every request, so that of two requests at once one may run with the other's.
 */
export class FastMcpCalls {
  readonly #calls = new AsyncLocalStorage<CurrentCall>();
  readonly #owners = new WeakMap<object, string>();

  /** Begins a request. Call it before the first `await`, so that everything after it belongs to the request. */
  begin(): CurrentCall {
    const call: CurrentCall = {};
    this.#calls.enterWith(call);
    return call;
  }

  /** The token of the request being served. */
  get token(): VerifiedAccessToken | undefined {
    return this.#calls.getStore()?.token;
  }

  /** Gives a new session to whoever opens it. */
  claim(session: object): void {
    if (this.token !== undefined) this.#owners.set(session, ownerKey(this.token));
  }

  owns(session: object, token: VerifiedAccessToken): boolean {
    return this.#owners.get(session) === ownerKey(token);
  }
}
