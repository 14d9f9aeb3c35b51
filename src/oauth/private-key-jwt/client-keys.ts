import { EgressError } from '../../core/egress/errors.ts';
import { OAuthError } from '../../core/errors.ts';
import { algorithmsOf, JwkError, type PublicJwk, parsePublicJwk } from '../../core/public-jwk.ts';
import type { Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { ClientAssertion } from './assertion.ts';
import { listedKeys, maximumKeys } from './registered-keys.ts';

/** How old a fetched key set may be where it lacks the key that is named: no signature makes it be fetched more often. */
const newestAfter = 30_000;

type Named = Pick<ClientAssertion, 'algorithm' | 'keyId'>;

/**
 * The keys of a client that an assertion may have been signed with: those of its `kid` where it names one.
 * @throws OAuthError `temporarily_unavailable` where they cannot be fetched now, and may be later
 */
export async function candidateKeys(
  named: Named,
  client: Client,
  provider: OAuthProvider,
): Promise<readonly PublicJwk[]> {
  if (client.jwksUri === undefined) return fitting(client.jwks?.keys ?? [], named);
  const known = fitting(await fetchedKeys(client.jwksUri, provider, undefined), named);
  return known.length > 0 ? known : fitting(await fetchedKeys(client.jwksUri, provider, newestAfter), named);
}

function fitting(keys: readonly PublicJwk[], { algorithm, keyId }: Named): readonly PublicJwk[] {
  return keys.filter((key) => algorithmsOf(key).includes(algorithm) && (keyId === undefined || key.kid === keyId));
}

const parsed = new WeakMap<object, readonly PublicJwk[]>();

async function fetchedKeys(
  url: string,
  { egress }: OAuthProvider,
  maximumAge: number | undefined,
): Promise<readonly PublicJwk[]> {
  if (egress === undefined) return [];
  try {
    const document = await egress.fetch({
      url,
      purpose: 'client_keys',
      ...(maximumAge === undefined ? {} : { maximumAge }),
    });
    const known = parsed.get(document);
    if (known !== undefined) return known;
    const keys = usableKeys(document.text);
    parsed.set(document, keys);
    return keys;
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    if (!error.mayPass) return [];
    throw new OAuthError('temporarily_unavailable', 'the keys of the client cannot be fetched now; try again later', {
      detail: error.detail,
      headers: { 'retry-after': '30' },
    });
  }
}

// RFC 7517 §5: members that are not understood are passed over. So is what reveals its private half: it proves nothing.
function usableKeys(text: string): readonly PublicJwk[] {
  return (listedKeys(jsonOf(text)) ?? []).slice(0, maximumKeys).flatMap((jwk) => {
    try {
      return [parsePublicJwk(jwk)];
    } catch (error) {
      if (error instanceof JwkError) return [];
      throw error;
    }
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
