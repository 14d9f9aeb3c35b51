import type { OAuthCapability } from '../token/grant-handler.ts';
import { clientCredentialsGrant, issueToMachine } from './grant.ts';

/** The client credentials grant: machine clients that an administrator made, acting for themselves. */
export const clientCredentials: OAuthCapability = {
  name: 'client credentials grant for machine clients',
  specifications: ['OAuth 2.1 §4.2', 'MCP extension OAuth Client Credentials'],
  isEnabled: (provider) => provider.issueAccessToken !== undefined,
  grants: { [clientCredentialsGrant]: issueToMachine },
};
