import type { ProtectedResource } from '../../core/resources.ts';
import type { ProviderSettings } from '../../core/settings.ts';
import { pathOf } from '../../core/urls.ts';
import type { OAuthCapability } from '../token/grant-handler.ts';
import { published } from './published.ts';

/** Discovery: who the authorization server is, what it can do, and which server protects the resource. */
export const metadata: OAuthCapability = {
  name: 'discovery metadata',
  specifications: ['RFC 8414', 'RFC 9728'],
  routes: [
    {
      path: (provider) => provider.settings.paths.serverMetadata,
      methods: { GET: published((provider) => provider.serverMetadata()) },
      cors: 'any',
    },
    {
      path: (provider) => provider.resources.served.map(({ metadataUrl }) => pathOf(metadataUrl)),
      methods: {
        GET: published((provider, path) =>
          provider.resourceMetadata(provider.resources.served.find(({ metadataUrl }) => pathOf(metadataUrl) === path)),
        ),
      },
      cors: 'any',
    },
  ],
  serverMetadata: ({ settings, resources }) => ({
    issuer: settings.issuer,
    scopes_supported: [
      ...new Set([...resources.all.flatMap((resource) => scopesAt(resource, settings)), 'offline_access']),
    ],
    service_documentation: settings.serviceDocumentationUrl,
    protected_resources: resources.all.map(({ uri }) => uri),
  }),
  // offline_access stays out: refresh tokens are not a requirement of the resource (MCP authorization, "Refresh Tokens").
  resourceMetadata: ({ settings }, resource) => {
    const names = scopesAt(resource, settings).filter((name) => name !== 'offline_access');
    return {
      resource: resource.uri,
      authorization_servers: [settings.issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: names.length > 0 ? names : undefined,
      resource_name: resource.name,
      resource_documentation: resource.documentationUrl,
    };
  },
};

function scopesAt(
  { key, scopes, requiredScopes, offers }: ProtectedResource,
  settings: ProviderSettings,
): readonly string[] {
  if (scopes.names.length > 0 || key !== 'default') return scopes.names;
  return (settings.registration.validScopes ?? requiredScopes).filter(offers);
}
