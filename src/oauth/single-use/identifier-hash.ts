import { hashSecret } from '../../core/hash.ts';
import type { SecretHash } from '../../core/ids.ts';
import type { SingleUseIdentifier } from '../../core/records.ts';

/** One key for purpose, issuer and identifier, of one length whatever was sent, and the same for nothing else. */
export function identifierHash({ purpose, issuer, identifier }: SingleUseIdentifier): SecretHash {
  return hashSecret(JSON.stringify([purpose, issuer, identifier]));
}
