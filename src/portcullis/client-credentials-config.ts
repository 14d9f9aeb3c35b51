import * as z from 'zod';

/** Machine clients: the section `clientCredentials` of the configuration. */
export const clientCredentialsSchema = z
  .strictObject({
    tokenLimit: z
      .strictObject({
        limit: z.int().positive().default(1200).meta({
          description:
            'Tokens that one machine client may be given within the window, by each process. One that keeps its token until it expires needs one in ten minutes.',
        }),
        windowSeconds: z.int().positive().default(600).meta({ description: 'Length of the sliding window.' }),
      })
      .prefault({}),
  })
  .prefault({});
