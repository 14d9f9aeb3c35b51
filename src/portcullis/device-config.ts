import * as z from 'zod';
import { rateLimit } from './rate-limit-config.ts';
import { throttleSettings } from './throttle-config.ts';

/** Authorization of devices that have no browser. */
export const deviceAuthorizationSchema = z
  .strictObject({
    enabled: z.boolean().default(false).meta({
      description:
        'Whether devices without a browser may be authorized by a code (RFC 8628). People can be talked into entering the code of somebody else.',
    }),
    clients: z
      .enum(['all', 'verified'])
      .default('verified')
      .meta({ description: 'verified: only clients that an administrator added.' }),
    codeMinutes: z.int().min(1).max(30).default(10).meta({
      description: 'Minutes from the request of a device until it has to have its tokens.',
    }),
    intervalSeconds: z
      .int()
      .min(1)
      .max(60)
      .default(5)
      .meta({ description: 'Seconds that a device has to wait between two polls.' }),
    maximumWaiting: z.int().positive().default(1000).meta({
      description:
        'Devices that wait for their users at most; further ones are refused. The more, the easier a code is guessed.',
    }),
    rateLimit: rateLimit(30, 60),
    guesses: z.strictObject(throttleSettings('user')).prefault({}),
  })
  .prefault({});
