/** A server under measurement. */
export interface Contender {
  readonly name: string;
  /** Below the built scripts. */
  readonly script: string;
  readonly storage: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What the reader of its figures must know. */
  readonly note: string;
  /** Whether it comes from `bench/node_modules`. */
  readonly isPeer: boolean;
}

export const portcullis: Contender = {
  name: 'Portcullis',
  script: 'servers/portcullis.js',
  storage: 'SQLite, FULL',
  note: 'from dist/, with its MCP endpoint; the flow is authorize, remembered consent, code, token: three requests',
  isPeer: false,
};

export const openMcp: Contender = {
  name: 'MCP without auth',
  script: 'servers/open-mcp.js',
  storage: 'none',
  note: 'the same MCP server behind the same Node host without authentication',
  isPeer: false,
};

export const withoutMcp: Contender = {
  ...portcullis,
  name: 'Portcullis without MCP',
  note: 'the same without an MCP endpoint, and so without the MCP SDK loaded, as the peers are',
  environment: { BENCH_MCP: 'none' },
};

export const peers: readonly Contender[] = [
  {
    name: 'SDK 1.x demo',
    script: 'peers/sdk-demo.js',
    storage: 'memory',
    note: 'signs, hashes and stores nothing; no user; no refresh tokens ("Not implemented for example demo"); the flow is two requests; rate limits off',
    isPeer: true,
  },
  {
    name: 'oidc-provider',
    script: 'peers/oidc-provider.js',
    storage: 'SQLite, FULL',
    note: 'adapter of the bench on node:sqlite; Ed25519 JWT, rotation, remembered session and grant; client from configuration; the flow is two requests',
    isPeer: true,
  },
  {
    name: 'mcp-oauth-server',
    script: 'peers/mcp-oauth-server.js',
    storage: 'SQLite, FULL',
    note: 'model of the bench on node:sqlite with the statements of its README; opaque tokens stored unhashed; no users; the flow is three requests; rate limits off',
    isPeer: true,
  },
  {
    name: 'better-auth',
    script: 'peers/better-auth.js',
    storage: 'SQLite, FULL',
    note: 'OAuth provider plugin on node:sqlite through its own Kysely adapter and schema; EdDSA JWT, rotation, remembered session and consent; the flow is two requests; rate limits off, cache of the resource on',
    isPeer: true,
  },
];

/** Those that store what they issue, each on a PostgreSQL database of its own. */
export function onPostgres(
  contenders: readonly Contender[],
  createDatabase: () => Promise<string>,
): Promise<Contender[]> {
  const storing = contenders.filter(({ storage }) => storage.startsWith('SQLite'));
  return Promise.all(
    storing.map(async (contender) => ({
      ...contender,
      storage: 'PostgreSQL',
      note: contender.note.replace('node:sqlite', 'pg'),
      environment: { ...contender.environment, BENCH_POSTGRES: await createDatabase() },
    })),
  );
}
