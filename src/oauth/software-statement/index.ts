import type { OAuthCapability } from '../token/grant-handler.ts';

/** Software statements: what trusted issuers say of clients that register, by keys that the administrator pinned. */
export const softwareStatement: OAuthCapability = {
  name: 'software statements of trusted issuers',
  specifications: ['RFC 7591 §2.3, §3.1.1'],
  isEnabled: ({ settings, softwareStatements }) => settings.registration.enabled && softwareStatements.areTaken,
};
