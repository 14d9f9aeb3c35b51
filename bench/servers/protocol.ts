import { createHash } from 'node:crypto';

/** What a measured server tells of itself, so that one driver can speak to all of them. */
export interface Description {
  readonly port: number;
  readonly metadataPath: string;
}

/** What the driver needs for the authorization-code flow: a registered client and a browser whose user has consented. */
export interface Prepared {
  readonly clientId: string;
  readonly authorizePath: string;
  readonly tokenPath: string;
  readonly scope: string;
  readonly resource: string;
  /** Header lines that the browser sends, such as its cookies. */
  readonly browserHeaders: Readonly<Record<string, string>>;
  /** Where the parameters of the redirect to the consent page are posted to, where consent is always asked. */
  readonly approvePath?: string;
  /** Whether the server issues refresh tokens. */
  readonly refreshes: boolean;
  /** A sign-in page's form, filled in with a wrong password: each time it is posted, a password is hashed. */
  readonly signIn?: { readonly path: string; readonly form: string; readonly cookie: string };
  /** Where there is an MCP endpoint. */
  readonly mcpPath?: string;
}

/** What a server's process has used so far. */
export interface Usage {
  /** User and system time. */
  readonly cpuMicroseconds: number;
  readonly residentBytes: number;
}

/** Asked by the measuring process. A profile covers what happens between `profile` and `profiled`. */
export type Question = 'prepare' | 'usage' | 'profile' | 'profiled' | 'stop';

/** Told by the server's process. */
export type Reply =
  | { readonly kind: 'listening'; readonly description: Description }
  | { readonly kind: 'prepared'; readonly prepared: Prepared }
  | { readonly kind: 'usage'; readonly usage: Usage }
  | { readonly kind: 'profiling' }
  | { readonly kind: 'profile'; readonly profile: unknown }
  | { readonly kind: 'failed'; readonly message: string };

/** The PostgreSQL database to use; `undefined`: SQLite in the server's folder. */
export function postgresUrl(): string | undefined {
  return process.env['BENCH_POSTGRES'];
}

/** The redirect URI of the one client; the last redirect is not followed. */
export const redirectUri = 'https://client.example/callback';
export const scope = 'mcp:tools';
export const codeVerifier = 'bench-verifier-0123456789-0123456789-0123456789-01234567';
export const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
