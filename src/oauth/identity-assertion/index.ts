import type { OAuthCapability } from '../token/grant-handler.ts';
import { identityAssertionGrant, redeemAssertion } from './grant.ts';

/** Enterprise-managed authorization: a client presents what a trusted identity provider asserts of its user (ID-JAG). */
export const identityAssertion: OAuthCapability = {
  name: 'identity assertions of trusted issuers',
  specifications: ['MCP extension Enterprise-Managed Authorization', 'RFC 7521 §4.1', 'RFC 7523 §2.1, §3'],
  isEnabled: (provider) =>
    provider.identityAssertions.issuers.size > 0 &&
    provider.subjectOfAssertion !== undefined &&
    provider.issueAccessToken !== undefined &&
    provider.spendIdentifier !== undefined,
  grants: { [identityAssertionGrant]: redeemAssertion },
  serverMetadata: () => ({
    authorization_grant_profiles_supported: ['urn:ietf:params:oauth:grant-profile:id-jag'],
  }),
};
