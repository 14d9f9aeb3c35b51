import express from 'express';
import { authenticateHandler, mcpAuthRouter, OAuthServer } from 'mcp-oauth-server';
import { redirectUri, scope } from '../servers/protocol.ts';
import { serve } from '../servers/serve.ts';
import { createModel } from './mcp-oauth-model.ts';
import { openStore } from './store.ts';

/**
 * `mcp-oauth-server` with its tokens in a database. It has no users and no remembered consent: the application's page posts the
 * parameters of every request to `authenticateHandler`, which is what the load does. Its rate limits are off.
 */
await serve(async (baseUrl, folder) => {
  const resource = `${baseUrl}/mcp`;
  const server = new OAuthServer({
    model: await createModel(openStore(folder)),
    issuerUrl: new URL(baseUrl),
    authorizationUrl: new URL('/consent', baseUrl),
    resourceServerUrl: new URL(resource),
    scopesSupported: [scope],
    authorizationCodeLifetime: 600,
  });
  const app = express();
  const unlimited = { rateLimit: false } as const;
  app.use(
    mcpAuthRouter({
      provider: server,
      resourceServerUrl: new URL(resource),
      authorizationOptions: unlimited,
      tokenOptions: unlimited,
      clientRegistrationOptions: unlimited,
    }),
  );
  app.use('/confirm', authenticateHandler({ provider: server, getUser: async () => 'bench-user', rateLimit: false }));
  return {
    listener: app,
    metadataPath: '/.well-known/oauth-authorization-server',
    async prepare() {
      const client = await server.registerClient({
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      });
      return {
        clientId: client.client_id,
        authorizePath: '/authorize',
        approvePath: '/confirm',
        tokenPath: '/token',
        scope,
        resource,
        browserHeaders: {},
        refreshes: true,
      };
    },
  };
});
