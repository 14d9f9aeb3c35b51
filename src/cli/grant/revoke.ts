import type { GrantId } from '../../core/ids.ts';
import { withdrawAccess } from '../../identity/consent/withdraw.ts';
import type { Portcullis } from '../../portcullis/portcullis.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { userNamed, withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { counted } from '../text.ts';

export const grantRevoke = defineCommand({
  name: 'grant revoke',
  summary: 'Revoke grants: their tokens end at once.',
  positionals: { id: { rest: true, description: 'Grant ids: see portcullis grant list.' } },
  flags: { user: { value: 'NAME', description: 'Every grant of this user.' }, ...dataFlags },
  examples: ['portcullis grant revoke --user alice'],
  async run({ positionals, flags, terminal }) {
    if ((positionals.id.length === 0) === (flags.user === undefined)) {
      throw new CommandError('usage', 'name either grants or --user', 'see: portcullis grant revoke --help');
    }
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const ids =
        flags.user === undefined ? (positionals.id as readonly GrantId[]) : await grantsOf(flags.user, portcullis);
      const revoked: GrantId[] = [];
      for (const grantId of ids) {
        if (await withdrawAccess(grantId, 'revoked by an administrator', portcullis.services)) revoked.push(grantId);
      }
      const missing = ids.filter((id) => !revoked.includes(id));
      if (missing.length > 0)
        throw new CommandError(
          'not_found',
          `there is no live grant ${missing.join(', ')}`,
          'see: portcullis grant list',
        );
      return { json: { revoked }, text: `${counted(revoked.length, 'grant')} revoked.\n` };
    });
  },
});

async function grantsOf(userName: string, portcullis: Portcullis): Promise<readonly GrantId[]> {
  const { userId } = await userNamed(portcullis, userName);
  return (await portcullis.services.grants.listForSubject(userId)).map(({ grantId }) => grantId);
}
