import { authorizationCode } from './oauth/authorization-code/index.ts';
import { bearer } from './oauth/bearer/index.ts';
import { clientCredentials } from './oauth/client-credentials/index.ts';
import { clientMetadata } from './oauth/client-metadata/index.ts';
import { device } from './oauth/device/index.ts';
import { dpop } from './oauth/dpop/index.ts';
import { identityAssertion } from './oauth/identity-assertion/index.ts';
import { introspect } from './oauth/introspect/index.ts';
import { jwks } from './oauth/jwks/index.ts';
import { manageRegistration } from './oauth/manage-registration/index.ts';
import { metadata } from './oauth/metadata/index.ts';
import { privateKeyJwt } from './oauth/private-key-jwt/index.ts';
import { pushedRequests } from './oauth/pushed-requests/index.ts';
import { refreshToken } from './oauth/refresh-token/index.ts';
import { register } from './oauth/register/index.ts';
import { revoke } from './oauth/revoke/index.ts';
import { singleUse } from './oauth/single-use/index.ts';
import { softwareStatement } from './oauth/software-statement/index.ts';
import { stepUp } from './oauth/step-up/index.ts';
import type { OAuthCapability } from './oauth/token/grant-handler.ts';
import { token } from './oauth/token/index.ts';
import { tokenExchange } from './oauth/token-exchange/index.ts';

/**
 * Everything that the protocol side can do. Routes, grant dispatch, both metadata documents, the schema and the
 * conformance page are derived from this list: a new grant type is one folder and one line here.
 */
export const oauthCapabilities: readonly OAuthCapability[] = [
  metadata,
  register,
  clientMetadata,
  manageRegistration,
  softwareStatement,
  authorizationCode,
  pushedRequests,
  device,
  token,
  privateKeyJwt,
  refreshToken,
  clientCredentials,
  revoke,
  introspect,
  bearer,
  stepUp,
  jwks,
  singleUse,
  tokenExchange,
  identityAssertion,
  dpop,
];
