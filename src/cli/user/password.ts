import { defineCommand } from '../command.ts';
import { userNamed, withPortcullis } from '../open.ts';
import { newPassword } from '../prompt.ts';
import { configFor, dataFlags } from '../settings-flags.ts';

export const userPassword = defineCommand({
  name: 'user password',
  summary: 'Set a password, and end the user’s sessions.',
  details: 'Connected apps stay connected. Also ends the delay after failed sign-ins.',
  positionals: { name: { description: 'User name.' } },
  flags: {
    'password-stdin': { description: 'Read the password from the first line of standard input.' },
    ...dataFlags,
  },
  async run({ positionals: { name }, flags, terminal }) {
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const { users, passwords, throttle, siteName } = portcullis.services;
      const { userId, userName } = await userNamed(portcullis, name);
      const password = await newPassword(terminal, {
        userName,
        check: (chosen) => passwords.check(chosen, { userName, siteName }),
        fromInput: flags['password-stdin'] === true,
      });
      await users.setPasswordHash(userId, await passwords.hash(password));
      await throttle.forget(userName);
      return { json: { userId, userName }, text: `The password of ${userName} is set. Sessions have ended.\n` };
    });
  },
});
