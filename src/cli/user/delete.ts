import { defineCommand } from '../command.ts';
import { userNamed, withPortcullis } from '../open.ts';
import { confirm } from '../prompt.ts';
import { configFor, dataFlags } from '../settings-flags.ts';

export const userDelete = defineCommand({
  name: 'user delete',
  summary: 'Delete a user, with sessions and tokens.',
  details: 'Remembered consents go too. What the MCP server itself keeps of the user stays.',
  positionals: { name: { description: 'User name.' } },
  flags: { yes: { description: 'Do not ask.' }, ...dataFlags },
  async run({ positionals: { name }, flags, terminal }) {
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const { userId, userName } = await userNamed(portcullis, name);
      await confirm(terminal, `Delete user ${userName} for good?`, flags.yes);
      await portcullis.services.users.delete(userId);
      return {
        json: { userId, userName, deleted: true },
        text: `User ${userName} is deleted: sessions and tokens have ended.\n`,
      };
    });
  },
});
