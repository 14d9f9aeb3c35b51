import * as z from 'zod';
import type { PinnedKeys, SoftwareStatementOptions } from '../core/software-statements.ts';
import { ConfigurationError } from '../core/urls.ts';
import { leewaySeconds, trustedIssuerSettings } from './trusted-issuer-config.ts';

const names = z.array(z.string().min(1)).readonly();
const day = 86_400_000;

const issuer = z.strictObject({
  issuer: trustedIssuerSettings.issuer,
  keysFile: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'File with its JWK Set, as statement keys makes one; read again when it changes.' }),
  keys: z
    .strictObject({ keys: z.array(z.record(z.string(), z.unknown())).min(1).readonly() })
    .optional()
    .meta({ description: 'Its JWK Set itself, instead of a file.' }),
  algorithms: trustedIssuerSettings.algorithms,
  audience: z.string().min(1).optional().meta({
    description:
      'The `aud` that its statements must have. Default: they need none; where there is one, it must be the issuer or the registration endpoint of this server.',
  }),
  claims: names
    .optional()
    .meta({ description: 'Client metadata that its statements may set; one that sets more is refused. Default: all.' }),
  requiredClaims: names
    .default(['redirect_uris'])
    .meta({ description: 'Client metadata that its statements must set: what is not in them, the client chooses.' }),
  admits: z.boolean().default(false).meta({
    description: 'Whether its statements let clients in where the registration policy asks for a token or an approval.',
  }),
  maximumAgeDays: z.number().positive().max(3650).optional().meta({
    description:
      'Days after its `iat` for which a statement is taken. Default: until its `exp`, which it then must have.',
  }),
});

/** Whose statements about clients are taken: the section `softwareStatements` of the configuration. */
export const softwareStatementsSchema = z
  .strictObject({
    issuers: z
      .array(issuer)
      .readonly()
      .default([])
      .meta({ description: 'Whose software statements (RFC 7591) are taken when clients register.' }),
    required: z.boolean().default(false).meta({ description: 'Whether no client registers without one.' }),
    leewaySeconds,
  })
  .prefault({});

/**
 * What the provider is told of it.
 * @throws ConfigurationError where an issuer has no keys
 */
export function softwareStatementOptions({
  issuers,
  required,
  leewaySeconds: leeway,
}: z.output<typeof softwareStatementsSchema>): SoftwareStatementOptions {
  return {
    required,
    leeway: leeway * 1000,
    issuers: issuers.map((trusted, index) => ({
      issuer: trusted.issuer,
      keys: pinnedKeys(trusted, `softwareStatements.issuers.${index}`),
      requiredClaims: trusted.requiredClaims,
      admits: trusted.admits,
      ...(trusted.algorithms === undefined ? {} : { algorithms: trusted.algorithms }),
      ...(trusted.audience === undefined ? {} : { audience: trusted.audience }),
      ...(trusted.claims === undefined ? {} : { claims: trusted.claims }),
      ...(trusted.maximumAgeDays === undefined ? {} : { maximumAge: Math.round(trusted.maximumAgeDays * day) }),
    })),
  };
}

function pinnedKeys({ keysFile, keys }: z.output<typeof issuer>, place: string): PinnedKeys {
  if (keysFile !== undefined && keys === undefined) return { file: keysFile };
  if (keys !== undefined && keysFile === undefined) return { jwks: keys };
  throw new ConfigurationError(`${place} needs either keysFile or keys: the public keys of the issuer`);
}
