import type { ProtectedResource } from '../../core/resources.ts';
import type { ProviderSettings } from '../../core/settings.ts';

/** What every capability has in common at a resource. @see RFC 9728 §2 */
export function resourceDocument(
  resource: ProtectedResource,
  settings: Pick<ProviderSettings, 'issuer' | 'registration'>,
): Record<string, unknown> {
  // offline_access stays out: refresh tokens are not a requirement of the resource (MCP authorization, "Refresh Tokens").
  const names = scopesAt(resource, settings).filter((name) => name !== 'offline_access');
  return {
    resource: resource.uri,
    authorization_servers: [settings.issuer],
    bearer_methods_supported: ['header'],
    scopes_supported: names.length > 0 ? names : undefined,
    resource_name: resource.name,
    resource_documentation: resource.documentationUrl,
  };
}

/** The scopes that are published for a resource. */
export function scopesAt(
  { key, scopes, requiredScopes, offers }: ProtectedResource,
  settings: Pick<ProviderSettings, 'registration'>,
): readonly string[] {
  if (scopes.names.length > 0 || key !== 'default') return scopes.names;
  return (settings.registration.validScopes ?? requiredScopes).filter(offers);
}
