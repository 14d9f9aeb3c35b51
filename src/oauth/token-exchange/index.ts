import type { OAuthCapability } from '../token/grant-handler.ts';
import { exchangeToken, tokenExchangeGrant } from './exchange.ts';

/** Token exchange for our own tokens: a server calls another one for its user, along paths that an administrator allowed. */
export const tokenExchange: OAuthCapability = {
  name: 'token exchange',
  specifications: ['RFC 8693'],
  isEnabled: (provider) => provider.exchangePaths.length > 0 && provider.issueAccessToken !== undefined,
  grants: { [tokenExchangeGrant]: exchangeToken },
};
