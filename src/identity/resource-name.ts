import type { ResourceUri } from '../core/ids.ts';
import type { IdentityServices } from './services.ts';

/** What pages call a resource: its name where it has one, or its identifier. */
export function resourceName(uri: ResourceUri, { provider, siteName }: IdentityServices): string {
  const resource = provider.resources.get(uri);
  return resource === provider.resources.default ? siteName : (resource?.name ?? uri);
}
