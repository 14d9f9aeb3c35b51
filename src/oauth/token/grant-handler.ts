import type { Capability } from '../../core/capability.ts';
import type { RequestContext } from '../../core/http.ts';
import type { Params } from '../../core/params.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { AuthenticatedClient } from './client-authentication.ts';
import type { ClientAuthenticationMethod } from './client-authentication-method.ts';
import type { SenderConstraint } from './sender-constraint.ts';
import type { TokenSet } from './token-set.ts';

/** What a token request brings beside its parameters. */
export interface TokenRequest extends RequestContext {
  /** Thumbprint of the key whose possession the request proved (RFC 9449 §5): access tokens are bound to it. */
  readonly keyThumbprint?: string;
}

/** Serves one grant type: the client is authenticated and registered for it. Throws `OAuthError` to refuse. */
export type GrantHandler = (
  client: AuthenticatedClient,
  params: Params,
  provider: OAuthProvider,
  request: TokenRequest,
) => Promise<TokenSet>;

/** A capability of the protocol itself: works with any `OAuthProvider`. */
export interface OAuthCapability extends Capability<OAuthProvider, GrantHandler> {
  /** Ways in which clients authenticate wherever they have to. */
  readonly clientAuthentication?: readonly ClientAuthenticationMethod[];
  /** Binds tokens to keys; of the enabled capabilities at most one does. */
  readonly senderConstraint?: (provider: OAuthProvider) => SenderConstraint;
}
