import type { Random } from '../../core/random.ts';

// RFC 8628 §6.1: no vowels, so that no words come of it, and no letters that look like digits.
const letters = 'BCDFGHJKLMNPQRSTVWXZ';
const length = 8;
const wellFormed = new RegExp(`^[${letters}]{${length}}$`);

/** How many user codes there are. */
export const userCodes = letters.length ** length;

/**
 * A code for a person to read and type: eight letters, each as likely as any other.
 * @see RFC 8628 §6.1
 */
export function mintUserCode(random: Random): string {
  let code = '';
  while (code.length < length) {
    for (const byte of random.bytes(2 * length)) {
      // The last bytes that would make the first letters likelier are left out.
      if (byte < 256 - (256 % letters.length)) code += letters[byte % letters.length];
    }
  }
  return code.slice(0, length);
}

/** A user code as people see it: `WDJB-MJHT`. */
export function shownUserCode(code: string): string {
  return `${code.slice(0, length / 2)}-${code.slice(length / 2)}`;
}

/**
 * What a person typed, as the code that it means, whatever its case, spaces and dashes.
 * @returns `undefined` for what cannot be one
 */
export function parseUserCode(typed: string): string | undefined {
  if (typed.length > 64) return undefined;
  const code = typed
    .normalize('NFKC')
    .replace(/[\s\p{Pd}]/gu, '')
    .toUpperCase();
  return wellFormed.test(code) ? code : undefined;
}
