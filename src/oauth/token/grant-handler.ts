import type { Capability } from '../../core/capability.ts';
import type { Params } from '../../core/params.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { AuthenticatedClient } from './client-authentication.ts';
import type { TokenSet } from './token-set.ts';

/** Serves one grant type: the client is authenticated and registered for it. Throws `OAuthError` to refuse. */
export type GrantHandler = (client: AuthenticatedClient, params: Params, provider: OAuthProvider) => Promise<TokenSet>;

/** A capability of the protocol itself: works with any `OAuthProvider`. */
export type OAuthCapability = Capability<OAuthProvider, GrantHandler>;
