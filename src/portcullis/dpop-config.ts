import * as z from 'zod';
import { rateLimit } from './rate-limit-config.ts';

/** Tokens that are bound to a key of their client. */
export const dpopSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .meta({ description: 'Whether clients may bind their tokens to a key of their own (RFC 9449).' }),
    required: z.boolean().default(false).meta({
      description: 'Whether all of them have to: bearer tokens are then neither issued nor accepted any more.',
    }),
    nonce: z.enum(['off', 'required']).default('off').meta({
      description: 'Whether a proof needs a recent nonce of this server, so that it cannot have been made in advance.',
    }),
    proofSeconds: z
      .int()
      .positive()
      .max(600)
      .default(60)
      .meta({ description: "How far the time of a proof may be from this server's clock, either way." }),
    nonceSeconds: z.int().positive().max(86_400).default(300).meta({
      description: 'Time after which there is a new nonce; the one before stays good for as long again.',
    }),
    rateLimit: rateLimit(1200, 60),
  })
  .prefault({});
