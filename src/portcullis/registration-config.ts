import * as z from 'zod';
import { registrationPolicies } from '../core/settings.ts';

const positive = z.int().positive();

/** Which clients may register themselves, and what they may do afterwards. */
export const registrationPolicySettings = {
  enabled: z.boolean().optional().meta({
    description: 'Whether clients may register themselves (RFC 7591), where policy is left out. Default: true.',
  }),
  policy: z.enum(registrationPolicies).optional().meta({
    description:
      'Which clients may: off, open, token (with an initial access token), approval (after an administrator approved them). Default: open, or off where enabled is false.',
  }),
  management: z.boolean().default(true).meta({
    description: 'Whether clients that registered may read, change and end their registration (RFC 7592).',
  }),
  maximumPending: positive.default(100).meta({
    description: 'Clients that may wait for approval at the same time; further ones are refused.',
  }),
  pendingHours: positive.max(8760).default(72).meta({
    description: 'Hours after which a client that nobody approved is removed.',
  }),
};
