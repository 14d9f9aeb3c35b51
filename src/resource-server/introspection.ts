import * as z from 'zod';
import type { Clock } from '../core/clock.ts';
import { growingCache } from '../core/growing-cache.ts';
import { hashSecret } from '../core/hash.ts';
import type { ClientId, GrantId, ResourceUri, SecretHash, Subject } from '../core/ids.ts';
import type { AccessToken } from '../core/records.ts';
import { parseScope } from '../core/scopes.ts';
import type { TokenSource } from './token-source.ts';

/** The authorization server is asked what a token is: a revocation counts as soon as what was learnt is forgotten. */
export interface Introspection {
  readonly kind: 'introspection';
  /** Default: `/introspect` at the issuer. */
  readonly url?: string;
  /** The client that the resource names among its introspectors. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** Opens the connection: `fetch` itself, or one with a certificate authority of your own. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** How long an answer counts, in seconds; 0 asks for every request. Default: 5. */
  readonly cacheSeconds?: number;
  /** How long an answer may take, in seconds. Default: 5. */
  readonly timeoutSeconds?: number;
}

const longestAnswer = 64 * 1024;

const active = z.object({
  active: z.literal(true),
  iss: z.string().optional(),
  sub: z.string(),
  aud: z.string(),
  client_id: z.string(),
  scope: z.string().default(''),
  iat: z.number(),
  exp: z.number(),
  jti: z.string(),
  cnf: z.object({ jkt: z.string() }).optional(),
});
const answer = z.union([active, z.object({ active: z.literal(false) })]);

interface Learnt {
  readonly record: AccessToken | undefined;
  readonly at: number;
}

/** Learns what tokens are by asking (RFC 7662). */
export class IntrospectionSource implements TokenSource {
  readonly #options: Introspection;
  readonly #issuer: string;
  readonly #clock: Clock;
  readonly #learnt = growingCache<SecretHash, Learnt>(50_000);

  constructor(options: Introspection, issuer: string, { clock }: { clock: Clock }) {
    this.#options = options;
    this.#issuer = issuer;
    this.#clock = clock;
  }

  async find(token: string): Promise<AccessToken | undefined> {
    const hash = hashSecret(token);
    const now = this.#clock.now();
    const known = this.#learnt.get(hash);
    const keptFor = (this.#options.cacheSeconds ?? 5) * 1000;
    if (known !== undefined && now >= known.at && now - known.at < keptFor) return known.record;
    const record = await this.#ask(token);
    // Only what is alive is kept: anybody can send tokens that are not.
    if (record === undefined) this.#learnt.delete(hash);
    else this.#learnt.set(hash, { record, at: now });
    return record;
  }

  /** @throws Error where the authorization server cannot be asked: that says nothing of the token */
  async #ask(token: string): Promise<AccessToken | undefined> {
    const { url, clientId, clientSecret, timeoutSeconds = 5 } = this.#options;
    const credentials = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
    const response = await this.#options.fetch(url ?? `${this.#issuer.replace(/\/$/, '')}/introspect`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
    });
    const text = await response.text();
    if (response.status !== 200 || text.length > longestAnswer)
      throw new Error(`the authorization server answered the introspection with ${response.status}`);
    const members: unknown = JSON.parse(text);
    const parsed = answer.safeParse(members);
    if (!parsed.success) throw new Error('the authorization server answered the introspection with something else');
    return parsed.data.active ? this.#recordOf(parsed.data, members as Record<string, unknown>) : undefined;
  }

  #recordOf(told: z.output<typeof active>, members: Record<string, unknown>): AccessToken | undefined {
    const scopes = parseScope(told.scope);
    if ((told.iss !== undefined && told.iss !== this.#issuer) || scopes === undefined) return undefined;
    const { active: _active, iss, sub, aud, client_id, scope, iat, exp, jti, cnf, token_type, ...claims } = members;
    return {
      kind: 'access_token',
      tokenId: told.jti,
      grantId: told.jti as GrantId,
      clientId: told.client_id as ClientId,
      subject: told.sub as Subject,
      scopes,
      resource: told.aud as ResourceUri,
      issuedAt: told.iat * 1000,
      expiresAt: told.exp * 1000,
      claims,
      ...(told.cnf === undefined ? {} : { keyThumbprint: told.cnf.jkt }),
    };
  }
}
