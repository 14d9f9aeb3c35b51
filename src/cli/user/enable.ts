import { defineCommand } from '../command.ts';
import { userNamed, withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { userJson } from './user-json.ts';

export const userEnable = defineCommand({
  name: 'user enable',
  summary: 'Let a disabled user sign in again.',
  details: 'Also ends the delay after failed sign-ins.',
  positionals: { name: { description: 'User name.' } },
  flags: dataFlags,
  async run({ positionals: { name }, flags, terminal }) {
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const { users, throttle } = portcullis.services;
      const user = await userNamed(portcullis, name);
      await users.setStatus(user.userId, 'active');
      await throttle.forget(user.userName);
      return { json: { user: userJson({ ...user, status: 'active' }) }, text: `User ${user.userName} can sign in.\n` };
    });
  },
});
