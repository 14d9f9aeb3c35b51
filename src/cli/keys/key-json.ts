import type { StoredSigningKey } from '../../operations/keys/signing-key-store.ts';
import type { SigningKeys } from '../../operations/keys/signing-keys.ts';

/** `next`: published, and signs soon. `retired`: still published, for the tokens that it signed. */
export type KeyState = 'current' | 'next' | 'retired' | 'other algorithm';

export function stateOf(key: StoredSigningKey, { current }: SigningKeys): KeyState {
  if (key.keyId === current.keyId) return 'current';
  if (key.activeFrom > current.activeFrom) return 'next';
  return key.retiresAt === undefined ? 'other algorithm' : 'retired';
}

/** A signing key as commands print it; no private half. */
export function keyJson(key: StoredSigningKey, keys: SigningKeys) {
  return {
    keyId: key.keyId,
    algorithm: key.algorithm,
    state: stateOf(key, keys),
    createdAt: new Date(key.createdAt).toISOString(),
    activeFrom: new Date(key.activeFrom).toISOString(),
    retiresAt: key.retiresAt === undefined ? null : new Date(key.retiresAt).toISOString(),
  };
}
