import { randomBytes } from 'node:crypto';

/** Where every random value in Portcullis comes from. */
export interface Random {
  bytes(length: number): Uint8Array;
}

export const systemRandom: Random = { bytes: (length) => randomBytes(length) };

/** A secret of 256 random bits in 43 base64url characters: codes, tokens, session ids, client secrets. */
export function randomSecret(random: Random): string {
  return Buffer.from(random.bytes(32)).toString('base64url');
}

/** An identifier of 128 random bits in 22 base64url characters: unique, not secret. */
export function randomId(random: Random): string {
  return Buffer.from(random.bytes(16)).toString('base64url');
}
