import { EgressError } from '../../core/egress/errors.ts';
import { OAuthError } from '../../core/errors.ts';
import { listedKeys } from '../../core/key-set.ts';
import { algorithmsOf, foreignAlgorithms, JwkError, type PublicJwk, parsePublicJwk } from '../../core/public-jwk.ts';
import type { ClientKeys } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { SentKeys } from '../token/client-authentication-method.ts';

/** Most keys of one client: all of them may have to be tried. */
export const maximumKeys = 10;

/**
 * Checks what a client registers of its keys: a set by value, or the address of one, and never both.
 * @throws OAuthError `invalid_client_metadata`
 * @see RFC 7591 §2
 */
export function registeredKeys({ jwks, jwksUri, signingAlgorithm }: SentKeys, provider: OAuthProvider): ClientKeys {
  if (signingAlgorithm !== undefined && !(foreignAlgorithms as readonly string[]).includes(signingAlgorithm))
    throw invalid(`token_endpoint_auth_signing_alg must be one of ${foreignAlgorithms.join(', ')}`);
  const chosen = signingAlgorithm === undefined ? {} : { tokenEndpointAuthSigningAlg: signingAlgorithm };
  if (jwks !== undefined && jwksUri !== undefined) throw invalid('send either jwks or jwks_uri, not both');
  if (jwksUri !== undefined) return { jwksUri: checkedUri(jwksUri, provider), ...chosen };
  if (jwks === undefined) throw invalid('private_key_jwt needs the public keys of the client: send jwks');
  const keys = checkedKeys(jwks);
  if (signingAlgorithm !== undefined && !keys.some((key) => algorithmsOf(key).includes(signingAlgorithm)))
    throw invalid(`no key in jwks can sign with token_endpoint_auth_signing_alg ${signingAlgorithm}`);
  return { jwks: { keys }, ...chosen };
}

function checkedUri(uri: string, provider: OAuthProvider): string {
  const { egress } = provider;
  if (egress === undefined) throw invalid('jwks_uri is not supported: this server fetches nothing; send jwks instead');
  try {
    egress.check(uri);
    return uri;
  } catch (error) {
    if (error instanceof EgressError) throw invalid(`jwks_uri: ${error.description}`);
    throw error;
  }
}

function checkedKeys(jwks: unknown): readonly PublicJwk[] {
  const listed = listedKeys(jwks);
  if (listed === undefined) throw invalid("jwks must be an object with an array 'keys'");
  if (listed.length > maximumKeys) throw invalid(`jwks has more than ${maximumKeys} keys`);
  const problems: string[] = [];
  const keys = listed.flatMap((jwk, index): PublicJwk[] => {
    try {
      return [parsePublicJwk(jwk)];
    } catch (error) {
      if (!(error instanceof JwkError)) throw error;
      const problem = `jwks.keys[${index}]: ${error.message}`;
      if (error.kind === 'forbidden') throw invalid(problem);
      problems.push(problem);
      return [];
    }
  });
  if (keys.length === 0) throw invalid(problems[0] ?? 'jwks has no keys');
  const ids = keys.flatMap(({ kid }) => (kid === undefined ? [] : [kid]));
  const twice = ids.find((kid, index) => ids.indexOf(kid) !== index);
  if (twice !== undefined) throw invalid(`jwks: two keys have the kid '${twice.slice(0, 100)}'`);
  return keys;
}

function invalid(description: string): OAuthError {
  return new OAuthError('invalid_client_metadata', description);
}
