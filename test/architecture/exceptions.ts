/**
 * What the rules in this folder let through, and why. A line that no file needs any more fails the run.
 * Paths are below `src/`; one that ends with `/` means everything below it.
 */
export interface Exception {
  readonly from: string;
  /** A path below `src/`, or a package's name. */
  readonly to: string;
  readonly because: string;
}

/** Imports between capabilities of `oauth/`, beyond `core/`, `oauth/token/` and the contract's types. */
export const capabilityImports: readonly Exception[] = [
  {
    from: 'oauth/bearer/',
    to: 'oauth/step-up/',
    because: 'the gate asks what a call demands of the sign-in behind its token, as it asks for its scopes',
  },
  {
    from: 'oauth/client-metadata/document.ts',
    to: 'oauth/register/client-metadata.ts',
    because: 'what a metadata document says of a client is read by the parser that reads what a client registers',
  },
  {
    from: 'oauth/manage-registration/',
    to: 'oauth/register/',
    because: 'what a client changes its registration to is parsed, stored and answered as at registration',
  },
  {
    from: 'oauth/register/register.ts',
    to: 'oauth/software-statement/statements.ts',
    because: 'a registration is told by a type whether a statement came with it',
  },
  {
    from: 'oauth/software-statement/',
    to: 'oauth/register/client-metadata.ts',
    because: 'what a statement may set is what a client may register',
  },
  {
    from: 'oauth/pushed-requests/',
    to: 'oauth/authorization-code/',
    because: 'what is pushed is an authorization request, and is checked by the code that checks it at /authorize',
  },
];

/** Files of `src/` whose types every capability may name: `import type` only. */
export const contracts: readonly string[] = ['provider.ts'];

/** Where the clock and the random source are read. */
export const clockAndRandomSources: readonly string[] = ['core/clock.ts', 'core/random.ts'];

/** What may open a connection to somewhere else, or ask where it is; and what listens with TLS. */
export const outboundSources: readonly string[] = ['core/egress/', 'operations/tls/'];

/** Files that do something when they are loaded: the commands that people start. */
export const entryPoints: readonly string[] = ['cli/main.ts'];

/** Imports of a room above. */
export const roomImports: readonly Exception[] = [
  {
    from: 'hosts/node.ts',
    to: 'cli/',
    because: 'the entry of `portcullis/node` hands on what runs a whole program: runServer, printBanner',
  },
];

/** Imports that would close a cycle, but only at run time and by intent. */
export const cycles: readonly Exception[] = [];
