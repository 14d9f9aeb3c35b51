import type { RegistrationToken } from '../../oauth/register/registration-tokens.ts';
import { momentJson } from '../text.ts';

/** An initial access token as `--json` prints one. */
export function tokenJson(token: RegistrationToken): Record<string, unknown> {
  return {
    tokenId: token.tokenId,
    label: token.label ?? null,
    usesLeft: token.usesLeft,
    createdAt: momentJson(token.createdAt),
    expiresAt: momentJson(token.expiresAt),
    lastUsedAt: momentJson(token.lastUsedAt),
  };
}
