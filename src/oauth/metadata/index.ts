import { pathOf } from '../../core/urls.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { OAuthCapability } from '../token/grant-handler.ts';
import { published } from './published.ts';
import { resourceDocument, scopesAt } from './resource-document.ts';

/** Discovery: who the authorization server is, what it can do, and which server protects the resource. */
export const metadata: OAuthCapability = {
  name: 'discovery metadata',
  specifications: ['RFC 8414', 'RFC 9728'],
  routes: [
    {
      path: (provider) => provider.settings.paths.serverMetadata,
      methods: { GET: published((provider: OAuthProvider) => provider.serverMetadata()) },
      cors: 'any',
    },
    {
      path: (provider) => provider.resources.served.map(({ metadataUrl }) => pathOf(metadataUrl)),
      methods: {
        GET: published((provider: OAuthProvider, path) =>
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
  resourceMetadata: ({ settings }, resource) => resourceDocument(resource, settings),
};
