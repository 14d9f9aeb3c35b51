import type { OAuthCapability } from '../token/grant-handler.ts';

/**
 * Tools and scopes that want a recent or a stronger sign-in. The demands are part of the scopes (`core/scopes.ts`); the gate
 * sends them in its challenge, and `/authorize` honours them as `max_age` and `acr_values`, so it has no routes of its own.
 */
export const stepUp: OAuthCapability = {
  name: 'step-up authentication',
  specifications: ['RFC 9470', 'RFC 9068 §2.2.1', 'OpenID Connect Core §3.1.2.1'],
  serverMetadata: (provider) => ({
    acr_values_supported: provider.acrValues.all.length > 0 ? provider.acrValues.all : undefined,
  }),
};
