import { algorithmsOf, JwkError, type PublicJwk, parsePublicJwk } from './public-jwk.ts';

/** What a signature says of the key that made it. */
export interface NamedKey {
  readonly algorithm: string;
  /** Absent: any key that can have the algorithm. */
  readonly keyId: string | undefined;
}

/** The keys that a signature may have been made with: those of its `kid` where it names one. */
export function fittingKeys(keys: readonly PublicJwk[], { algorithm, keyId }: NamedKey): readonly PublicJwk[] {
  return keys.filter((key) => algorithmsOf(key).includes(algorithm) && (keyId === undefined || key.kid === keyId));
}

/**
 * The public signature keys in the text of a foreign key set.
 * @param most how many members are looked at
 */
export function usableKeysIn(text: string, most: number): readonly PublicJwk[] {
  return usableKeys(listedKeysIn(text) ?? [], most);
}

/**
 * The public signature keys among the members of a key set. Those that are not understood are passed over, and so is what
 * reveals its private half: it proves nothing.
 * @param most how many are looked at
 * @see RFC 7517 §5
 */
export function usableKeys(listed: readonly unknown[], most: number): readonly PublicJwk[] {
  return listed.slice(0, most).flatMap((jwk) => {
    try {
      return [parsePublicJwk(jwk)];
    } catch (error) {
      if (error instanceof JwkError) return [];
      throw error;
    }
  });
}

/** The members of a key set, whatever they are; `undefined` where it is none. @see RFC 7517 §5 */
export function listedKeys(jwks: unknown): readonly unknown[] | undefined {
  if (typeof jwks !== 'object' || jwks === null || !('keys' in jwks)) return undefined;
  return Array.isArray(jwks.keys) ? jwks.keys : undefined;
}

/** The same for a text. */
export function listedKeysIn(text: string): readonly unknown[] | undefined {
  try {
    return listedKeys(JSON.parse(text));
  } catch {
    return undefined;
  }
}
