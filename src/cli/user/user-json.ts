import type { User } from '../../identity/users/user.ts';
import { momentJson } from '../text.ts';

/** A user as `--json` prints one. */
export function userJson(user: User): Record<string, unknown> {
  return {
    userId: user.userId,
    userName: user.userName,
    displayName: user.displayName,
    email: user.email ?? null,
    role: user.role,
    status: user.status,
    grantableScopes: user.grantableScopes ?? null,
    createdAt: momentJson(user.createdAt),
    passwordChangedAt: momentJson(user.passwordChangedAt),
    lastSignedInAt: momentJson(user.lastSignedInAt),
  };
}
