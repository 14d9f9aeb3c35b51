import { publicJson } from '../../core/http.ts';
import type { OAuthCapability } from '../token/grant-handler.ts';

/** Discovery: who the authorization server is, what it can do, and which server protects the resource. */
export const metadata: OAuthCapability = {
  name: 'discovery metadata',
  specifications: ['RFC 8414', 'RFC 9728'],
  routes: [
    {
      path: (provider) => provider.settings.paths.serverMetadata,
      methods: { GET: (_request, provider) => publicJson(provider.serverMetadata()) },
      cors: 'any',
    },
    {
      path: (provider) => provider.settings.paths.resourceMetadata,
      methods: { GET: (_request, provider) => publicJson(provider.resourceMetadata()) },
      cors: 'any',
    },
  ],
  serverMetadata: ({ settings, scopes }) => {
    const names =
      scopes.names.length > 0 ? scopes.names : (settings.registration.validScopes ?? settings.requiredScopes);
    return {
      issuer: settings.issuer,
      scopes_supported: [...new Set([...names, 'offline_access'])],
      service_documentation: settings.serviceDocumentationUrl,
      protected_resources: [settings.resource],
    };
  },
  // offline_access stays out: refresh tokens are not a requirement of the resource (MCP authorization, "Refresh Tokens").
  resourceMetadata: ({ settings, scopes, resourceName }) => {
    const names =
      scopes.names.length > 0 ? scopes.names : (settings.registration.validScopes ?? settings.requiredScopes);
    return {
      resource: settings.resource,
      authorization_servers: [settings.issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: names.length > 0 ? names.filter((name) => name !== 'offline_access') : undefined,
      resource_name: resourceName,
      resource_documentation: settings.serviceDocumentationUrl,
    };
  },
};
