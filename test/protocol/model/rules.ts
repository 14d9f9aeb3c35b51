/**
 * What the modelled server is set to, as plain data: the worlds are configured from it, the reference computes with it.
 * Times are in milliseconds.
 */
export const origin = 'https://mcp.example.com';

export type ResourceName = 'notes' | 'mail' | 'archive';

export interface ResourceRules {
  readonly uri: string;
  readonly scopes: readonly string[];
  /** Lifetime of its access tokens. */
  readonly accessToken: number;
}

export const resourceNames: readonly ResourceName[] = ['notes', 'mail', 'archive'];

/** `notes` is the default one. `archive` is served by another process, the others here. */
export const resources: Readonly<Record<ResourceName, ResourceRules>> = {
  notes: { uri: `${origin}/mcp`, scopes: ['read', 'write'], accessToken: 600_000 },
  mail: { uri: `${origin}/mail/mcp`, scopes: ['mail:read', 'mail:send'], accessToken: 300_000 },
  archive: { uri: 'https://archive.example.com/mcp', scopes: ['search'], accessToken: 900_000 },
};

export const lifetimes = {
  code: 60_000,
  refreshToken: 3_600_000,
  absolute: 5_400_000,
  grace: 30_000,
  retries: 8,
} as const;

export type ServerName = 'notes-server' | 'mail-server' | 'machine';

export interface ExchangeRules {
  readonly server: ServerName;
  readonly from: ResourceName;
  readonly to: ResourceName;
  /** Each scope that is given, with the one that it needs. */
  readonly scopes: Readonly<Record<string, string>>;
}

export const exchanges: readonly ExchangeRules[] = [
  { server: 'notes-server', from: 'notes', to: 'mail', scopes: { 'mail:read': 'read', 'mail:send': 'write' } },
  { server: 'mail-server', from: 'mail', to: 'archive', scopes: { search: 'mail:read' } },
];

/** A client without users, which acts for itself, and all that it may have. */
export const machine: { readonly name: ServerName; readonly scopes: readonly string[] } = {
  name: 'machine',
  scopes: ['read', 'mail:read'],
};

/** May ask about tokens of these two, and of no others. */
export const introspector: ServerName = 'mail-server';
export const introspected: readonly ResourceName[] = ['mail', 'archive'];

/** What every client may ask for, whatever it registers for besides. */
export const defaultScopes: readonly string[] = ['read'];

export type ClientKind = 'public' | 'confidential' | 'without refresh tokens' | 'for reading';

export const clientKinds: Readonly<
  Record<ClientKind, { readonly secret: boolean; readonly refreshes: boolean; readonly scopes: readonly string[] }>
> = {
  public: { secret: false, refreshes: true, scopes: ['read', 'write', 'mail:read', 'mail:send', 'search'] },
  confidential: { secret: true, refreshes: true, scopes: ['read', 'write', 'mail:read', 'mail:send', 'search'] },
  'without refresh tokens': { secret: false, refreshes: false, scopes: ['read', 'write', 'mail:read'] },
  'for reading': { secret: false, refreshes: true, scopes: ['read'] },
};

/** Where implementations may differ and still be right. */
export interface Freedoms {
  /** How long after their end a sweep lets what has expired be recognised. */
  readonly keepsExpired: number;
  /** Whether an access token that has expired is still found, and can so be named to end its grant. */
  readonly findsExpiredAccessTokens: boolean;
  /** Whether a rotation for a compromised key ends the access tokens that it signed. */
  readonly hasSigningKeys: boolean;
}
