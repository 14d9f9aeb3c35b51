import { EgressError } from '../../core/egress/errors.ts';
import { OAuthError } from '../../core/errors.ts';
import { fittingKeys, usableKeysIn } from '../../core/key-set.ts';
import type { PublicJwk } from '../../core/public-jwk.ts';
import type { Client } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { ClientAssertion } from './assertion.ts';
import { maximumKeys } from './registered-keys.ts';

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
  if (client.jwksUri === undefined) return fittingKeys(client.jwks?.keys ?? [], named);
  const known = fittingKeys(await fetchedKeys(client.jwksUri, provider, undefined), named);
  return known.length > 0 ? known : fittingKeys(await fetchedKeys(client.jwksUri, provider, newestAfter), named);
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
    const keys = usableKeysIn(document.text, maximumKeys);
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
