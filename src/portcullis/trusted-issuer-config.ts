import * as z from 'zod';
import { foreignAlgorithms } from '../core/public-jwk.ts';

/** The settings of an issuer that are the same whatever it signs. */
export const trustedIssuerSettings = {
  issuer: z.string().min(1).meta({ description: 'Its `iss`, byte for byte.' }),
  algorithms: z
    .array(z.enum(foreignAlgorithms))
    .min(1)
    .readonly()
    .optional()
    .meta({ description: 'JWS algorithms that it signs with. Default: EdDSA, ES256, RS256 and PS256.' }),
};

/** How far the clocks of issuers may be off. */
export const leewaySeconds = z
  .int()
  .nonnegative()
  .max(300)
  .default(30)
  .meta({ description: 'How far the clocks of issuers may be off.' });
