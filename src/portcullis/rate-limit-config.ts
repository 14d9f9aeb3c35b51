import * as z from 'zod';

/** How often an address may do something, with the default. */
export const rateLimit = (limit: number, windowSeconds: number) =>
  z
    .strictObject({
      limit: z.int().positive().default(limit).meta({
        description: 'Requests of one address (IPv6: one /64, and ten times as many of one /48) within the window.',
      }),
      windowSeconds: z.int().positive().default(windowSeconds).meta({ description: 'Length of the sliding window.' }),
    })
    .prefault({});
