import { defineCommand } from '../command.ts';
import { userNamed, withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { userJson } from './user-json.ts';

export const userDisable = defineCommand({
  name: 'user disable',
  summary: 'Disable a user: tokens end at once.',
  details:
    'The user cannot sign in, and sessions and tokens end at once. Nothing is deleted, but connected apps have to be connected again after the user is enabled.',
  positionals: { name: { description: 'User name.' } },
  flags: dataFlags,
  async run({ positionals: { name }, flags, terminal }) {
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const user = await userNamed(portcullis, name);
      await portcullis.services.users.setStatus(user.userId, 'disabled');
      return {
        json: { user: userJson({ ...user, status: 'disabled' }) },
        text: `User ${user.userName} is disabled: sessions and tokens have ended.\n`,
      };
    });
  },
});
