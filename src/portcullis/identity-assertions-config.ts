import * as z from 'zod';
import type { IdentityAssertionOptions, IssuerKeys } from '../core/identity-assertions.ts';
import { ConfigurationError } from '../core/urls.ts';
import type { IssuerUsers } from '../identity/external-identities/find-user.ts';
import { leewaySeconds, trustedIssuerSettings } from './trusted-issuer-config.ts';

const strings = z.array(z.string().min(1)).readonly();
const positive = z.int().positive();

const domain = z
  .string()
  .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be a domain in lower case, such as example.com: no @ and no wildcard');

const users = z
  .strictObject({
    create: z.boolean().default(false).meta({
      description: 'Whether a user without a password is made for a subject that is linked to none.',
    }),
    maximumCreated: positive.default(1000).meta({ description: 'Users that are made for the issuer at most.' }),
    grantableScopes: strings
      .optional()
      .meta({ description: 'What users of its making may grant. Default: every scope.' }),
    matchEmailDomains: z.array(domain).readonly().default([]).meta({
      description:
        'Domains whose addresses the issuer may vouch for: a verified one links its subject to the user who has it, once, and never to an administrator.',
    }),
  })
  .prefault({});

const issuer = z.strictObject({
  issuer: trustedIssuerSettings.issuer,
  keysUrl: z.string().min(1).optional().meta({ description: 'https URL of its JWK Set (`jwks_uri`); needs egress.' }),
  keysFile: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'File with its JWK Set instead; read again when it changes.' }),
  algorithms: trustedIssuerSettings.algorithms,
  audience: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The `aud` that it calls this server by. Default: the issuer identifier of this server.' }),
  clients: strings.optional().meta({
    description: 'Ids of the clients that may present its assertions. Default: every client that has the grant.',
  }),
  acrValues: strings.default([]).meta({
    description: 'Its acr values that mean what they mean here, so that they count for step-up. Default: none.',
  }),
  accessTokenSeconds: positive
    .max(86_400)
    .optional()
    .meta({ description: 'Longest lifetime of the access tokens. Default: as the resource says.' }),
  users: users.meta({ description: 'What it may do for people who are not linked to a user yet.' }),
});

/** Identity providers whose assertions are taken: the section `identityAssertions` of the configuration. */
export const identityAssertionsSchema = z
  .strictObject({
    issuers: z
      .array(issuer)
      .readonly()
      .default([])
      .meta({ description: 'Identity providers whose assertions (ID-JAG) of their users are taken.' }),
    longestSeconds: positive.max(86_400).default(600).meta({ description: 'How long an assertion may be valid for.' }),
    leewaySeconds,
  })
  .prefault({});

type IdentityAssertionsConfig = z.output<typeof identityAssertionsSchema>;

/**
 * What the provider is told of it.
 * @throws ConfigurationError where an issuer has no keys
 */
export function identityAssertionOptions(config: IdentityAssertionsConfig): IdentityAssertionOptions {
  return {
    issuers: config.issuers.map((trusted, index) => ({
      issuer: trusted.issuer,
      keys: keysOf(trusted, `identityAssertions.issuers.${index}`),
      ...(trusted.algorithms === undefined ? {} : { algorithms: trusted.algorithms }),
      ...(trusted.audience === undefined ? {} : { audience: trusted.audience }),
      ...(trusted.clients === undefined ? {} : { clients: trusted.clients }),
      acrValues: trusted.acrValues,
      ...(trusted.accessTokenSeconds === undefined ? {} : { accessTokenLifetime: trusted.accessTokenSeconds * 1000 }),
    })),
    longestAssertion: config.longestSeconds * 1000,
    leeway: config.leewaySeconds * 1000,
  };
}

/** What each issuer may do for people who are not linked yet. */
export function issuerUsers({ issuers }: IdentityAssertionsConfig): (issuer: string) => IssuerUsers | undefined {
  const known = new Map(
    issuers.map(({ issuer: name, users: { grantableScopes, ...policy } }) => [name, { ...policy, grantableScopes }]),
  );
  return (name) => known.get(name);
}

function keysOf({ keysUrl, keysFile }: IdentityAssertionsConfig['issuers'][number], place: string): IssuerKeys {
  if (keysUrl !== undefined && keysFile === undefined) return { url: keysUrl };
  if (keysFile !== undefined && keysUrl === undefined) return { file: keysFile };
  throw new ConfigurationError(`${place} needs either keysUrl or keysFile: where the keys of the issuer are`);
}
