import * as z from 'zod';

const positive = z.int().positive();

/** The settings for how failures slow further attempts down. @param what fails: an account, a client */
export const throttleSettings = (what: string) => ({
  freeFailures: positive.default(3).meta({ description: `Failures of one address at one ${what} that cost nothing.` }),
  firstDelaySeconds: positive
    .default(1)
    .meta({ description: 'The first delay after that; each further failure doubles it.' }),
  longestDelaySeconds: positive.default(900).meta({ description: `The longest delay of one address at one ${what}.` }),
  forgetHours: positive
    .default(24)
    .meta({ description: 'Hours without an attempt after which failures are forgotten.' }),
  windowSeconds: positive
    .default(900)
    .meta({ description: `The time over which failures are counted by ${what} and by address.` }),
  accountFailures: positive
    .default(20)
    .meta({ description: `Failures at one ${what} above which every address waits between its attempts there.` }),
  addressFailures: positive.default(20).meta({
    description:
      'Failures of one address above which it waits between all its attempts; of an IPv6 /48, ten times as many.',
  }),
  longestAddressDelaySeconds: positive
    .default(60)
    .meta({ description: `The longest delay of one address over all ${what}s.` }),
});
