import { clientAuthenticationMetadata } from '../token/client-authentication-method.ts';
import type { OAuthCapability } from '../token/grant-handler.ts';
import { introspectEndpoint } from './introspect.ts';

/** Tells resource servers elsewhere whether a token that is meant for them is alive. */
export const introspect: OAuthCapability = {
  name: 'token introspection',
  specifications: ['RFC 7662'],
  isEnabled: ({ resources }) => resources.all.some(({ introspectors }) => introspectors.size > 0),
  routes: [
    { path: (provider) => provider.settings.paths.introspect, methods: { POST: introspectEndpoint }, cors: 'none' },
  ],
  serverMetadata: (provider) => ({
    introspection_endpoint: provider.endpointUrl('introspect'),
    ...clientAuthenticationMetadata('introspection', provider, [...provider.clientAuthenticationMethods.keys()]),
  }),
};
