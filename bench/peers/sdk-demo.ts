import { DemoInMemoryAuthProvider } from '@modelcontextprotocol/sdk/examples/server/demoInMemoryOAuthProvider.js';
import { mcpAuthRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
import express from 'express';
import { redirectUri, scope } from '../servers/protocol.ts';
import { serve } from '../servers/serve.ts';

/**
 * The demonstration provider of `@modelcontextprotocol/sdk` 1.x behind the SDK's own router: it signs nothing, hashes
 * nothing, stores nothing but maps, has no user and no refresh tokens. Its rate limits are off.
 */
await serve(async (baseUrl) => {
  const provider = new DemoInMemoryAuthProvider();
  const app = express();
  const unlimited = { rateLimit: false } as const;
  app.use(
    mcpAuthRouter({
      provider,
      issuerUrl: new URL(baseUrl),
      scopesSupported: [scope],
      authorizationOptions: unlimited,
      tokenOptions: unlimited,
      clientRegistrationOptions: unlimited,
    }),
  );
  return {
    listener: app,
    metadataPath: '/.well-known/oauth-authorization-server',
    async prepare() {
      await provider.clientsStore.registerClient({
        client_id: 'bench',
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'none',
      });
      return {
        clientId: 'bench',
        authorizePath: '/authorize',
        tokenPath: '/token',
        scope,
        resource: `${baseUrl}/mcp`,
        browserHeaders: {},
        refreshes: false,
      };
    },
  };
});
