import type { IdentityLink } from '../../identity/external-identities/store.ts';
import { momentJson } from '../text.ts';

/** A link as `--json` prints one. */
export function identityJson(link: IdentityLink): Record<string, unknown> {
  return {
    issuer: link.issuer,
    subject: link.subject,
    userId: link.userId,
    userName: link.userName,
    linkedBy: link.linkedBy,
    linkedAt: momentJson(link.linkedAt),
  };
}
