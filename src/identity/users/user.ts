import type { Row } from '../../core/database.ts';
import type { Subject } from '../../core/ids.ts';

export type UserRole = 'admin' | 'user';
export type UserStatus = 'active' | 'disabled';

/** A person with an account. Times are milliseconds since the epoch. */
export interface User {
  readonly userId: Subject;
  /** As it was chosen; compared by `userKey`. */
  readonly userName: string;
  readonly email?: string;
  readonly displayName: string;
  readonly role: UserRole;
  readonly status: UserStatus;
  /** The scopes that this user may grant to clients; `undefined`: all. */
  readonly grantableScopes: readonly string[] | undefined;
  readonly createdAt: number;
  readonly passwordChangedAt: number;
  readonly lastSignedInAt?: number;
}

/** What a new account is made from. */
export interface NewUser {
  readonly userName: string;
  /** From `Passwords.hash`. */
  readonly passwordHash: string;
  /** Default: the user name. */
  readonly displayName?: string;
  readonly email?: string;
  /** Default: `user`. */
  readonly role?: UserRole;
  /** Default: all. */
  readonly grantableScopes?: readonly string[];
}

export type UserErrorCode = 'name_taken' | 'not_found' | 'last_admin' | 'invalid';

/** Why a change to an account was refused; the message is for the person who asked for it. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: UserErrorCode;
  /** The form field that is wrong, where one is. */
  readonly field: 'username' | 'display_name' | 'email' | undefined;

  constructor(code: UserErrorCode, message: string, field?: 'username' | 'display_name' | 'email') {
    super(message);
    this.code = code;
    this.field = field;
  }
}

// Letters that nobody sees, such as the Hangul fillers, would make two names look alike.
const permittedName = /^[[\p{L}\p{M}\p{N}._@+\-]--\p{Default_Ignorable_Code_Point}]{1,64}$/v;
const permittedEmail = /^[^\s@<>]{1,64}@[^\s@<>]{1,189}$/u;
const invisible = /[[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]--[\ufe0e\ufe0f]]/v;

/** What user names are compared by: compatibility forms and case do not count. */
export function userKey(userName: string): string {
  return userName.normalize('NFKC').toLowerCase().normalize('NFKC');
}

/**
 * Checks what people type about a new account.
 * @returns the same with the user name in its composed form, and blank members left out
 * @throws UserError `invalid`, naming the field
 */
export function checkNewUser(input: NewUser): NewUser {
  const { email, displayName, ...rest } = input;
  const userName = input.userName.normalize('NFKC');
  if (!permittedName.test(userName)) {
    throw new UserError('invalid', 'A user name has 1 to 64 letters, digits or the characters . _ - @ +', 'username');
  }
  const name = displayName?.trim() ?? '';
  if (name.length > 128 || invisible.test(name)) {
    throw new UserError('invalid', 'A name has at most 128 visible characters.', 'display_name');
  }
  const address = email?.trim() ?? '';
  if (address !== '' && (!permittedEmail.test(address) || invisible.test(address))) {
    throw new UserError('invalid', 'This is not an e-mail address.', 'email');
  }
  return {
    ...rest,
    userName,
    ...(name === '' ? {} : { displayName: name }),
    ...(address === '' ? {} : { email: address }),
  };
}

/** The columns that `userOf` reads, of a table known as `u`. */
export const userColumns = `u.user_id, u.user_name, u.email, u.display_name, u.role, u.status, u.grantable_scopes,
  u.password_changed_at, u.created_at, u.last_signed_in_at`;

export function userOf(row: Row): User {
  const scopes = row.grantable_scopes as string | null;
  const lastSignedInAt = row.last_signed_in_at as number | null;
  const email = row.email as string | null;
  return {
    userId: row.user_id as Subject,
    userName: row.user_name as string,
    displayName: row.display_name as string,
    role: row.role as UserRole,
    status: row.status as UserStatus,
    grantableScopes: scopes === null ? undefined : (JSON.parse(scopes) as string[]),
    createdAt: row.created_at as number,
    passwordChangedAt: row.password_changed_at as number,
    ...(email === null ? {} : { email }),
    ...(lastSignedInAt === null ? {} : { lastSignedInAt }),
  };
}
