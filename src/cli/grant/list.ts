import type { GrantSummary } from '../../oauth/token/grant-store.ts';
import { displayText } from '../../web/display-text.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { userNamed, withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { momentJson, momentText, table } from '../text.ts';

const usualLimit = 200;

export const grantList = defineCommand({
  name: 'grant list',
  summary: 'List which client may do what for whom.',
  flags: {
    user: { value: 'NAME', description: 'Only those of this user.' },
    limit: { value: 'COUNT', description: `At most this many, the newest first (default: ${usualLimit}).` },
    ...dataFlags,
  },
  async run({ flags, terminal }) {
    const limit = limitFrom(flags.limit);
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const { grants, users } = portcullis.services;
      const user = flags.user === undefined ? undefined : await userNamed(portcullis, flags.user);
      const found =
        user === undefined ? await grants.list(limit) : (await grants.listForSubject(user.userId)).slice(0, limit);
      const nameOf = new Map(
        (user === undefined ? await users.list() : [user]).map(({ userId, userName }) => [userId, userName]),
      );
      const rows = found.map((grant) => [
        grant.grantId,
        isMachine(grant) ? '(the client itself)' : (nameOf.get(grant.subject) ?? grant.subject),
        displayText(grant.clientName, grant.clientId),
        momentText(grant.approvedAt),
        momentText(grant.lastUsedAt),
        portcullis.resources.get(grant.resource)?.key ?? grant.resource,
        grant.scopes.join(' '),
      ]);
      return {
        json: { grants: found.map((grant) => grantJson(grant, nameOf.get(grant.subject))) },
        text:
          found.length === 0
            ? 'There are no live grants.\n'
            : table(
                ['GRANT ID', 'USER', 'CLIENT', 'SINCE (UTC)', 'LAST USED (UTC)', 'RESOURCE', 'SCOPES'],
                rows,
                terminal.style,
              ),
      };
    });
  },
});

// A client that acts for itself is its own subject.
function isMachine({ subject, clientId }: GrantSummary): boolean {
  return (subject as string) === clientId;
}

function limitFrom(text: string | undefined): number {
  if (text === undefined) return usualLimit;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new CommandError('usage', `--limit '${text}' is not a number above 0`);
}

function grantJson(grant: GrantSummary, userName: string | undefined): Record<string, unknown> {
  return {
    grantId: grant.grantId,
    subject: grant.subject,
    userId: isMachine(grant) ? null : grant.subject,
    userName: userName ?? null,
    clientId: grant.clientId,
    clientName: grant.clientName ?? null,
    scopes: grant.scopes,
    resource: grant.resource,
    approvedAt: momentJson(grant.approvedAt),
    lastUsedAt: momentJson(grant.lastUsedAt),
  };
}
