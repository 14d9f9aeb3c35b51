import type { ClientId } from '../../core/ids.ts';
import type { Params } from '../../core/params.ts';
import type { Client, ClientKeys } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';

/** What a request presents of a client that has something to prove. Nothing of it has been checked against the client. */
export interface PresentedCredentials {
  readonly clientId: ClientId;
  /** What the honest client presents every time and strangers do not know: it has a count of its own (`ClientThrottle`). */
  readonly familiar: string;
  /**
   * Checks the credentials. Without a client it does as much work and says no, so that time tells nothing of who is registered.
   * @param client registered for this method; `undefined` where there is none
   * @returns `undefined` where they are the client's, otherwise why not, for the operator
   * @throws OAuthError where they are the client's, but of no use any more
   */
  verify(client: Client | undefined): Promise<string | undefined>;
}

/** What a client sends of its keys when it registers, unchecked. */
export interface SentKeys {
  readonly jwks: unknown;
  readonly jwksUri: string | undefined;
  readonly signingAlgorithm: string | undefined;
}

/** One way in which a client proves who it is, by its `token_endpoint_auth_method`. `none` proves nothing and is not one. */
export interface ClientAuthenticationMethod {
  readonly name: Exclude<Client['tokenEndpointAuthMethod'], 'none'>;
  /** What the client has: a secret that is minted when it registers, or keys of its own. */
  readonly credential: 'secret' | 'keys';
  /** What can be wrong with them, for the client's developer: ends "no such client is registered, or …". */
  readonly fault: string;
  /** `WWW-Authenticate` of a refusal, where the credentials come in the `Authorization` header. */
  readonly challenge?: string;
  /** JWS algorithms of what the client signs (RFC 8414 §2). */
  readonly signingAlgorithms?: readonly string[];
  /** Where its credentials are in a request: a header, or parameters of which any one shows that the method is used. */
  readonly sentIn: { readonly header: string } | { readonly parameters: readonly string[] };
  /**
   * The credentials in a request that uses the method. Looks nothing up.
   * @throws OAuthError where they cannot be anybody's
   */
  read(headers: Headers, params: Params, provider: OAuthProvider): PresentedCredentials;
  /**
   * Checks the keys that a client registers for this method.
   * @throws OAuthError `invalid_client_metadata`
   */
  keysOf?(sent: SentKeys, provider: OAuthProvider): ClientKeys;
}

/** Whether clients of this method are given a secret. */
export function hasSecret(method: string, provider: OAuthProvider): boolean {
  return provider.clientAuthenticationMethods.get(method)?.credential === 'secret';
}

/** Every `token_endpoint_auth_method` that a client may register for. */
export function supportedMethods(provider: OAuthProvider): readonly string[] {
  return ['none', ...provider.clientAuthenticationMethods.keys()];
}

/**
 * What the metadata says of client authentication at an endpoint.
 * @param endpoint the prefix of the members: `token`, `revocation`, `introspection`
 * @param methods that it accepts. Default: all
 * @see RFC 8414 §2
 */
export function clientAuthenticationMetadata(
  endpoint: string,
  provider: OAuthProvider,
  methods = supportedMethods(provider),
): Readonly<Record<string, readonly string[] | undefined>> {
  const algorithms = methods.flatMap(
    (method) => provider.clientAuthenticationMethods.get(method)?.signingAlgorithms ?? [],
  );
  return {
    [`${endpoint}_endpoint_auth_methods_supported`]: methods,
    [`${endpoint}_endpoint_auth_signing_alg_values_supported`]: algorithms.length === 0 ? undefined : algorithms,
  };
}
