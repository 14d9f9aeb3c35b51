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
  deviceCode: 600_000,
  /** Between two polls of a device, and what each poll that comes too soon adds. */
  pollInterval: 5_000,
  /** How long an assertion counts, the leeway of its issuer's clock included. */
  assertion: 330_000,
} as const;

export type ServerName = 'notes-server' | 'mail-server' | 'machine' | 'enterprise-app';

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

/** What this server calls a sign-in with a password. */
export const acr = 'urn:example:password';

export type ToolName = 'wipe' | 'send';

/** Tools that want a sign-in of late, with the scope that each takes. `send` wants it by its scope, `wipe` by itself. */
export const tools: Readonly<
  Record<ToolName, { readonly resource: 'notes' | 'mail'; readonly scope: string; readonly maxAge: number }>
> = {
  wipe: { resource: 'notes', scope: 'write', maxAge: 300_000 },
  send: { resource: 'mail', scope: 'mail:send', maxAge: 900_000 },
};

/** How old the sign-in behind an authorization may be for this scope, because the scope itself says so. */
export function maxAgeOf(scope: string): number {
  return scope === tools.send.scope ? tools.send.maxAge : Number.POSITIVE_INFINITY;
}

/** A confidential client that presents what these issuers assert of their people. */
export const enterprise: { readonly name: ServerName; readonly scopes: readonly string[] } = {
  name: 'enterprise-app',
  scopes: ['read', 'write', 'mail:read'],
};
export const issuers = ['https://idp.example.com', 'https://partner.example.com'] as const;
export type IssuerNumber = 0 | 1;

/** May ask about tokens of these two, and of no others. */
export const introspector: ServerName = 'mail-server';
export const introspected: readonly ResourceName[] = ['mail', 'archive'];

/** What every client may ask for, whatever it registers for besides. */
export const defaultScopes: readonly string[] = ['read'];

export type ClientKind = 'public' | 'confidential' | 'without refresh tokens' | 'for reading' | 'of a document';

export interface KindRules {
  readonly secret: boolean;
  readonly refreshes: boolean;
  readonly devices: boolean;
  readonly scopes: readonly string[];
}

const everything = ['read', 'write', 'mail:read', 'mail:send', 'search'];

export const clientKinds: Readonly<Record<ClientKind, KindRules>> = {
  public: { secret: false, refreshes: true, devices: true, scopes: everything },
  confidential: { secret: true, refreshes: true, devices: true, scopes: everything },
  'without refresh tokens': {
    secret: false,
    refreshes: false,
    devices: false,
    scopes: ['read', 'write', 'mail:read'],
  },
  'for reading': { secret: false, refreshes: true, devices: false, scopes: ['read'] },
  'of a document': { secret: false, refreshes: true, devices: true, scopes: everything },
};

/** What a metadata document is like: as it was published, with fewer scopes, for another redirect URI, not to be had, not allowed. */
export type DocumentState = 'good' | 'for reading' | 'elsewhere' | 'gone' | 'down' | 'refused';

/** What a client may ask for by a document; `undefined` where it is none. */
export const documentScopes: Readonly<Record<DocumentState, readonly string[] | undefined>> = {
  good: everything,
  'for reading': ['read'],
  elsewhere: everything,
  gone: undefined,
  down: undefined,
  refused: undefined,
};

/** Where implementations may differ and still be right. */
export interface Freedoms {
  /** How long after their end a sweep lets what has expired be recognised. */
  readonly keepsExpired: number;
  /** Whether an access token that has expired is still found, and can so be named to end its grant. */
  readonly findsExpiredAccessTokens: boolean;
  /** Whether tokens say how their user signed in where nobody asked for it. */
  readonly alwaysTellsAcr: boolean;
  /** Whether the document of a client is looked up again when its user decides on a device. */
  readonly looksAgain: boolean;
  /** Whether a rotation for a compromised key ends the access tokens that it signed. */
  readonly hasSigningKeys: boolean;
}

/** What a request gets at a resource, of what its client may ask for; `undefined` where it is refused. */
export function scopesFor(
  allowed: readonly string[],
  resource: ResourceName,
  requested: readonly string[],
): readonly string[] | undefined {
  const offered = resources[resource].scopes.filter((scope) => allowed.includes(scope));
  if (requested.length === 0) return offered.length === 0 ? undefined : offered;
  return requested.every((scope) => offered.includes(scope)) ? requested : undefined;
}
