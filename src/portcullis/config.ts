import * as z from 'zod';
import { ConfigurationError } from '../core/urls.ts';
import { signingAlgorithms } from '../oauth/token/access-token-jwt.ts';
import { clientCredentialsSchema } from './client-credentials-config.ts';
import { clientMetadataSchema } from './client-metadata-config.ts';
import { deviceAuthorizationSchema } from './device-config.ts';
import { dpopSchema } from './dpop-config.ts';
import { egressSchema } from './egress-config.ts';
import { identityAssertionsSchema } from './identity-assertions-config.ts';
import { nearest } from './nearest.ts';
import { rateLimit } from './rate-limit-config.ts';
import { registrationPolicySettings } from './registration-config.ts';
import { explainSetting } from './setting-errors.ts';
import { softwareStatementsSchema } from './software-statements-config.ts';
import { throttleSettings } from './throttle-config.ts';

const strings = z.array(z.string()).readonly();
const positive = z.int().positive();
// A fraction is allowed; less than a second would be rounded to nothing that can be used.
const days = z
  .number()
  .min(1 / 86_400)
  .max(3650);

// What a browser runs, reads or shows itself, and what has rules of its own.
const schemesOfBrowsers = [
  'about',
  'blob',
  'data',
  'file',
  'filesystem',
  'ftp',
  'http',
  'https',
  'javascript',
  'vbscript',
  'view-source',
  'ws',
  'wss',
];
const privateScheme = z
  .string()
  .regex(/^[a-z][a-z0-9+.-]*$/, 'must be a URI scheme in lower case, without the colon')
  .refine((name) => !schemesOfBrowsers.includes(name), 'is not a private-use scheme');

const signInDemand = z.strictObject({
  maxAgeSeconds: positive.optional().meta({ description: 'How long ago the user may have signed in at most.' }),
  acr: z.string().optional().meta({ description: 'The weakest way of signing in that will do.' }),
});

const scope = z.strictObject({
  title: z.string().max(100).optional().meta({ description: 'A few words for the consent page.' }),
  description: z.string().max(500).optional().meta({ description: 'One sentence for the consent page.' }),
  implies: strings.optional().meta({ description: 'Scopes that a token with this one satisfies too.' }),
  tools: strings.optional().meta({ description: 'MCP tools that this scope unlocks.' }),
  signIn: signInDemand.optional().meta({ description: 'What this scope demands of the sign-in behind a token.' }),
  toolSignIn: z
    .record(z.string(), signInDemand)
    .optional()
    .meta({ description: 'What single tools of this scope demand besides, by name.' }),
  optional: z
    .boolean()
    .optional()
    .meta({ description: 'Whether the user may untick it. Default: unless it is a required scope.' }),
});

const resource = z.strictObject({
  path: z
    .string()
    .optional()
    .meta({ description: 'Path of its MCP endpoint below resourceBaseUrl, where this server serves it too.' }),
  url: z.string().optional().meta({ description: 'Public URL of its MCP endpoint, where another server serves it.' }),
  name: z.string().min(1).max(100).optional().meta({ description: 'Its name, as pages show it. Default: its URL.' }),
  documentationUrl: z.string().optional().meta({ description: 'Where developers read about it.' }),
  scopes: z.record(z.string(), scope).default({}).meta({ description: 'Every scope of it, by name.' }),
  requiredScopes: strings.default([]).meta({ description: 'Scopes that every request to it needs.' }),
  suggestedScopes: strings.default([]).meta({ description: 'Scopes that clients are told to ask for besides.' }),
  clients: z
    .enum(['all', 'verified'])
    .default('all')
    .meta({ description: 'verified: only clients that an administrator added or imported may have tokens for it.' }),
  users: z
    .enum(['all', 'administrators'])
    .default('all')
    .meta({ description: 'administrators: only administrators may let clients use it.' }),
  introspectors: strings.default([]).meta({
    description: 'Ids of the clients as which its server may ask whether tokens for it are alive (RFC 7662).',
  }),
  accessTokenSeconds: positive
    .max(86_400)
    .optional()
    .meta({ description: 'Lifetime of its access tokens. Default: as tokens says.' }),
  refreshTokenDays: days.optional().meta({ description: 'Lifetime of its refresh tokens. Default: as tokens says.' }),
  refreshTokenAbsoluteDays: days
    .optional()
    .meta({ description: "Days after the user's approval at which everything expires. Default: as tokens says." }),
});

/** Everything that can be set, with its default. The reference documentation is generated from this. */
export const configSchema = z.strictObject({
  baseUrl: z
    .string()
    .default('http://localhost:3000')
    .meta({ description: 'Public URL of this server; may have a path.' }),
  issuerUrl: z.string().optional().meta({ description: 'Issuer identifier, byte for byte. Default: baseUrl.' }),
  resourceBaseUrl: z
    .string()
    .optional()
    .meta({ description: 'Public URL that mcpPath is appended to. Default: baseUrl.' }),
  mcpPath: z.string().default('/mcp').meta({ description: 'Path of the MCP endpoint.' }),
  name: z
    .string()
    .min(1)
    .max(100)
    .default('MCP server')
    .meta({ description: 'Name of the MCP server, as pages show it.' }),
  serviceDocumentationUrl: z.string().optional().meta({ description: 'Where developers read about this server.' }),

  scopes: z.record(z.string(), scope).default({}).meta({ description: 'Every scope, by name.' }),
  requiredScopes: strings.default([]).meta({
    description: 'Scopes that every request to the MCP endpoint needs; also what a client gets that asks for none.',
  }),
  suggestedScopes: strings.default([]).meta({
    description:
      'Scopes that clients without a token are told to ask for besides, because some cannot ask for more later.',
  }),
  resources: z.record(z.string(), resource).default({}).meta({
    description:
      'Further resources that tokens are issued for, each with its own scopes and lifetimes, by a name of your choice.',
  }),

  database: z.string().default('./data/portcullis.db').meta({
    description:
      'File of the embedded SQLite database, or the address of one in PostgreSQL: postgres://user@host/database.',
  }),
  masterKeyFile: z.string().optional().meta({
    description:
      'File with the key that encrypts secrets in the database. Default: master.key beside the database; made at the first start.',
  }),
  masterKey: z
    .string()
    .optional()
    .meta({ description: 'The master key itself (43 base64url characters), instead of a file.' }),

  registration: z
    .strictObject({
      ...registrationPolicySettings,
      validScopes: strings.optional().meta({ description: 'Scopes that clients may register for. Default: all.' }),
      defaultScopes: strings
        .optional()
        .meta({ description: 'What a client that names no scope may ask for. Default: validScopes.' }),
      clientSecretExpirySeconds: positive
        .optional()
        .meta({ description: 'Lifetime of client secrets. Default: they do not expire.' }),
      redirectSchemes: z
        .array(privateScheme)
        .readonly()
        .default([])
        .meta({ description: 'Further private-use URI schemes for redirect URIs.' }),
      maximumClients: positive.default(10_000).meta({
        description:
          'Self-registered clients kept at most. Beyond it the oldest that was never used makes room, if it had an hour; otherwise registration is refused.',
      }),
      unusedDays: positive.default(7).meta({
        description:
          'Days after which a self-registered client that never redeemed a code is removed. One that did is removed once nothing of it can be alive.',
      }),
      rateLimit: rateLimit(60, 3600),
    })
    .prefault({}),
  softwareStatements: softwareStatementsSchema,
  clientMetadata: clientMetadataSchema,
  revocation: z
    .strictObject({
      enabled: z.boolean().default(true).meta({ description: 'Whether clients may revoke tokens (RFC 7009).' }),
    })
    .prefault({}),

  tokens: z
    .strictObject({
      algorithm: z.enum(signingAlgorithms).default('EdDSA').meta({ description: 'Signature of access tokens.' }),
      accessTokenSeconds: positive.max(86_400).default(600).meta({ description: 'Lifetime of an access token.' }),
      authorizationCodeSeconds: positive
        .max(600)
        .default(60)
        .meta({ description: 'Lifetime of an authorization code.' }),
      refreshTokenDays: days
        .default(30)
        .meta({ description: 'Days after its last use at which a refresh token expires.' }),
      refreshTokenAbsoluteDays: days
        .default(180)
        .meta({ description: "Days after the user's approval at which everything expires." }),
      refreshGraceSeconds: z
        .int()
        .nonnegative()
        .max(300)
        .default(30)
        .meta({ description: 'How long the previous refresh token counts as a retry.' }),
    })
    .prefault({}),

  tokenExchange: z
    .strictObject({
      paths: z
        .array(
          z.strictObject({
            client: z.string().min(1).meta({ description: 'Id of the client that the server authenticates as.' }),
            from: z.string().meta({ description: "The server's own resource, by its name, or default." }),
            to: z.string().meta({ description: 'The resource that it calls for its users.' }),
            scopes: z.record(z.string(), z.string()).meta({
              description: 'Each scope that the new token may have, with the scope that the presented one must have.',
            }),
          }),
        )
        .readonly()
        .default([])
        .meta({
          description: "Ways in which servers may exchange their callers' tokens for those of another resource.",
        }),
    })
    .prefault({}),
  identityAssertions: identityAssertionsSchema,
  dpop: dpopSchema,

  keys: z
    .strictObject({
      rotationDays: z
        .int()
        .min(0)
        .max(3650)
        .default(90)
        .meta({ description: 'Age in days at which the signing key is replaced; 0: only by portcullis keys rotate.' }),
      publishAheadSeconds: z.int().nonnegative().max(86_400).default(900).meta({
        description:
          'How long a new signing key is published before it signs: at least as long as others cache the key set (ten minutes).',
      }),
    })
    .prefault({}),

  sessions: z
    .strictObject({
      idleMinutes: z
        .int()
        .min(2)
        .max(525_600)
        .default(720)
        .meta({ description: 'Minutes without use after which a browser is signed out.' }),
      absoluteHours: positive
        .max(8760)
        .default(168)
        .meta({ description: 'Hours after sign-in at which a browser is signed out.' }),
    })
    .prefault({}),
  signIn: z
    .strictObject({
      requestMinutes: positive
        .max(1440)
        .default(30)
        .meta({ description: 'Minutes that a user has to sign in and decide.' }),
      acrOfPassword: z
        .string()
        .default('urn:portcullis:pwd')
        .meta({ description: 'What tokens call a sign-in with a password alone (acr, RFC 9470).' }),
      rateLimit: rateLimit(300, 60),
      ...throttleSettings('account'),
    })
    .prefault({}),
  clientAuthentication: z
    .strictObject({
      ...throttleSettings('client'),
      longestAssertionSeconds: positive
        .max(86_400)
        .default(600)
        .meta({ description: 'How long a client assertion (private_key_jwt) may still be valid for.' }),
      leewaySeconds: z
        .int()
        .nonnegative()
        .max(300)
        .default(30)
        .meta({ description: 'How far the clocks of clients may be off.' }),
    })
    .prefault({}),
  clientCredentials: clientCredentialsSchema,
  authorize: z.strictObject({ rateLimit: rateLimit(120, 60) }).prefault({}),
  pushedRequests: z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .meta({ description: 'Whether clients may push authorization requests (RFC 9126).' }),
      required: z
        .boolean()
        .default(false)
        .meta({ description: 'Whether every client must. Clients that cannot are then refused.' }),
      lifetimeSeconds: z.int().min(5).max(600).default(60).meta({
        description: 'Seconds after the push within which the user has to be at /authorize.',
      }),
      maximumWaiting: positive
        .default(10_000)
        .meta({ description: 'Pushed requests that wait at most, of all clients; further ones are refused.' }),
      rateLimit: rateLimit(120, 60),
    })
    .prefault({}),
  deviceAuthorization: deviceAuthorizationSchema,
  passwords: z
    .strictObject({
      minimumLength: z.int().min(8).max(128).default(12).meta({ description: 'Shortest password, in characters.' }),
      memoryKiB: z.int().min(7168).default(19_456).meta({ description: 'Memory of one argon2id hash.' }),
      passes: z.int().min(1).default(2).meta({ description: 'Passes of one argon2id hash.' }),
      parallelism: z.int().min(1).max(16).default(1).meta({ description: 'Lanes of one argon2id hash.' }),
      concurrency: positive
        .optional()
        .meta({ description: 'Hashes computed at once. Default: one less than there are cores.' }),
      queueLimit: positive
        .default(64)
        .meta({ description: 'Sign-ins that may wait for a hash; further ones are told to try again.' }),
    })
    .prefault({}),

  egress: egressSchema,

  allowedHosts: strings
    .default([])
    .meta({ description: 'Further Host header values at which the MCP endpoint may be addressed.' }),
  allowedOrigins: strings.default([]).meta({ description: 'Web origins whose pages may call the MCP endpoint, or *.' }),
});

/** What `Portcullis.open` takes: everything has a default. */
export type PortcullisConfig = z.input<typeof configSchema>;
/** A checked configuration with every default filled in. */
export type ResolvedConfig = z.output<typeof configSchema>;

/**
 * Checks a configuration and fills in the defaults.
 * @throws ConfigurationError naming each setting that is wrong; unknown ones with the nearest known name
 */
export function parseConfig(input: unknown): ResolvedConfig {
  return parseWith(configSchema, input);
}

/**
 * The same for a schema that extends this one.
 * @param originOf says where the setting with a dotted name was set, for the messages
 */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  originOf: (name: string) => string | undefined = () => undefined,
): z.output<Schema> {
  const parsed = schema.safeParse(input, { error: explainSetting });
  if (parsed.success) return parsed.data;
  throw new ConfigurationError(parsed.error.issues.flatMap((issue) => describe(issue, schema, originOf)).join('\n'));
}

function describe(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  originOf: (name: string) => string | undefined,
): string[] {
  const place = issue.path.join('.');
  const from = (name: string) => (originOf(name) === undefined ? '' : ` (${originOf(name)})`);
  if (issue.code !== 'unrecognized_keys')
    return [`${place === '' ? 'configuration' : place}${from(place)}: ${issue.message}`];
  return issue.keys.map((key) => {
    const suggestion = nearest(key, keysAt(schema, issue.path));
    const name = place === '' ? key : `${place}.${key}`;
    return `unknown setting '${name}'${from(name)}${suggestion === undefined ? '' : `; did you mean '${suggestion}'?`}`;
  });
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let current: z.core.$ZodType = schema;
  for (const step of ['', ...path]) {
    if (step !== '') {
      if (current instanceof z.ZodObject)
        current = (current.shape as Record<PropertyKey, z.core.$ZodType>)[step] ?? z.never();
      else if (current instanceof z.ZodRecord) current = current.valueType;
      else if (current instanceof z.ZodArray) current = current.element;
    }
    while (
      current instanceof z.ZodPrefault ||
      current instanceof z.ZodDefault ||
      current instanceof z.ZodOptional ||
      current instanceof z.ZodReadonly
    )
      current = current.unwrap();
  }
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}
