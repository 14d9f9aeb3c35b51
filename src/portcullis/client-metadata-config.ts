import * as z from 'zod';
import type { MetadataDocumentOptions } from '../core/metadata-documents.ts';
import { rateLimit } from './rate-limit-config.ts';

const strings = z.array(z.string()).readonly();

/** Clients that are known by a metadata document of their own: the section `clientMetadata` of the configuration. */
export const clientMetadataSchema = z
  .strictObject({
    enabled: z.boolean().default(true).meta({
      description:
        'Whether a client may come with the URL of its metadata document instead of registering. Advertised where documents can be had: with egress, or where some were imported.',
    }),
    allowedHosts: strings.optional().meta({
      description:
        'Hosts whose documents are fetched, *.example.com for those below one. Default: all that egress lets through.',
    }),
    deniedHosts: strings
      .default([])
      .meta({ description: 'Hosts whose clients are refused, wherever their documents come from.' }),
    maximumClients: z.int().positive().default(10_000).meta({
      description:
        'Clients with documents kept at most. Beyond it the oldest that was never used makes room, if it had an hour; otherwise new ones are refused.',
    }),
    rateLimit: rateLimit(20, 60).meta({
      description: 'How many clients that are not known yet one address may have looked up.',
    }),
    bundleKeys: strings.default([]).meta({
      description: 'PEM files of the public keys whose bundles of documents portcullis client import takes.',
    }),
  })
  .prefault({});

/** What the provider is told of it. */
export function metadataDocumentOptions(config: z.output<typeof clientMetadataSchema>): MetadataDocumentOptions {
  const { enabled, allowedHosts, deniedHosts, rateLimit } = config;
  return {
    enabled,
    allowedHosts,
    deniedHosts,
    lookups: { limit: rateLimit.limit, window: rateLimit.windowSeconds * 1000 },
  };
}
