import { checkNewUser, type NewUser, UserError } from '../users/user.ts';

/** What an issuer says of a person, reduced to what can be relied on. */
export interface AssertedPerson {
  /** Verified by the issuer, ASCII, in lower case. */
  readonly email?: string;
  readonly displayName?: string;
  /** What the user name of a new account may be made of, the best first. Nobody is ever found by it. */
  readonly names: readonly string[];
}

// So that a number fits behind it.
const longestName = 50;

/**
 * Reads the claims about a person. An address counts only where the issuer says in so many words that it verified it, and
 * where two spellings of it cannot be taken for each other: letters beyond ASCII are refused, not folded.
 * @see OpenID Connect Core §5.1
 */
export function assertedPerson(claims: Readonly<Record<string, unknown>>): AssertedPerson {
  const { email, email_verified: verified, preferred_username: preferred, name } = claims;
  const address = verified === true && typeof email === 'string' ? plainAddress(email) : undefined;
  const displayName = typeof name === 'string' ? checked({ displayName: name })?.displayName : undefined;
  return {
    names: [preferred, address?.split('@', 1)[0]].flatMap(userNameFrom),
    ...(address === undefined ? {} : { email: address }),
    ...(displayName === undefined ? {} : { displayName }),
  };
}

/** An address in lower case, or `undefined` for one that might be mistaken for another. */
export function plainAddress(email: string): string | undefined {
  return /^[\x21-\x3f\x41-\x7e]{1,64}@[a-z0-9.-]{1,189}$/i.test(email) && !/[<>"]/.test(email)
    ? email.toLowerCase()
    : undefined;
}

function userNameFrom(claim: unknown): string[] {
  if (typeof claim !== 'string') return [];
  const usable = claim
    .slice(0, 500)
    .normalize('NFKC')
    .replace(/[^\p{L}\p{M}\p{N}._@+-]+/gu, '.');
  const userName = [...usable]
    .slice(0, longestName)
    .join('')
    .replace(/^\.+|\.+$/g, '');
  return checked({ userName }) === undefined ? [] : [userName];
}

function checked(part: Partial<NewUser>): NewUser | undefined {
  try {
    return checkNewUser({ userName: 'x', passwordHash: '', ...part });
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
