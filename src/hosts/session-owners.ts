import type { LRUCache } from 'lru-cache';
import { growingCache } from '../core/growing-cache.ts';
import type { VerifiedAccessToken } from '../oauth/bearer/verified-access-token.ts';

/** Whose a token is, as far as MCP sessions are concerned. */
export type SessionOwner = Pick<VerifiedAccessToken, 'clientId' | 'subject' | 'resource'>;

export interface SessionOwnersOptions {
  /** The one used longest ago is forgotten first, and its client opens a new session. Default: 100,000. */
  readonly maximumSessions?: number;
  /**
   * What becomes of a session id that was not seen to be given out here: `refuse` it, or `pass` it on to a transport that
   * has no sessions or shares them with other processes. Default: `refuse`.
   */
  readonly unknown?: 'refuse' | 'pass';
}

/**
 * Remembers which client and user opened each MCP session, because a session id is not a credential.
 * @see MCP security best practices, "Session Hijacking"
 */
export class SessionOwners {
  readonly #owners: LRUCache<string, string>;
  readonly #unknown: 'refuse' | 'pass';

  constructor({ maximumSessions = 100_000, unknown = 'refuse' }: SessionOwnersOptions = {}) {
    this.#owners = growingCache(maximumSessions);
    this.#unknown = unknown;
  }

  /** Records who opened a session. The first owner stays. */
  remember(sessionId: string, owner: SessionOwner): void {
    if (!this.#owners.has(sessionId)) this.#owners.set(sessionId, ownerKey(owner));
  }

  forget(sessionId: string): void {
    this.#owners.delete(sessionId);
  }

  /**
   * The refusal of a request whose `Mcp-Session-Id` is not its token's: the same whether or not the session exists.
   * @returns `undefined` where it may pass, or opens a session
   */
  refuse(sessionId: string | null | undefined, owner: SessionOwner): Response | undefined {
    if (sessionId === null || sessionId === undefined) return undefined;
    const known = this.#owners.get(sessionId);
    if (known === undefined && this.#unknown === 'pass') return undefined;
    return known === ownerKey(owner) ? undefined : sessionNotFound();
  }

  /**
   * Guards a web-standard MCP transport: refuses foreign sessions, remembers those that it opens, forgets those that it ends.
   * @param serve runs the transport
   */
  async guard(request: Request, owner: SessionOwner, serve: () => Promise<Response>): Promise<Response> {
    const presented = request.headers.get('mcp-session-id');
    const refusal = this.refuse(presented, owner);
    if (refusal !== undefined) return refusal;
    const response = await serve();
    const opened = response.headers.get('mcp-session-id');
    if (opened !== null && opened !== presented) this.remember(opened, owner);
    if (presented !== null && request.method === 'DELETE' && response.ok) this.forget(presented);
    return response;
  }
}

/** One string for a client and a user at a resource; the issuer is always this server. */
export function ownerKey({ clientId, subject, resource }: SessionOwner): string {
  return JSON.stringify([clientId, subject, resource]);
}

/**
 * The answer to an unknown session: the client starts a new one.
 * @see MCP 2025-11-25, transports, "Session Management"
 */
export function sessionNotFound(): Response {
  const body = { jsonrpc: '2.0', error: { code: -32_001, message: 'Session not found' } };
  return Response.json(body, { status: 404, headers: { 'cache-control': 'no-store' } });
}
