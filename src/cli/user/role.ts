import type { UserRole } from '../../identity/users/user.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { userNamed, withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { userJson } from './user-json.ts';

export const userRole = defineCommand({
  name: 'user role',
  summary: 'Make a user an administrator, or not.',
  details:
    'Who is no administrator any more loses the grants at resources that are for administrators only, with their tokens.',
  positionals: { name: { description: 'User name.' }, role: { description: "'user' or 'admin'." } },
  flags: dataFlags,
  examples: ['portcullis user role alice admin'],
  async run({ positionals, flags, terminal }) {
    const role = roleFrom(positionals.role);
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const user = await userNamed(portcullis, positionals.name);
      await portcullis.services.users.setRole(user.userId, role);
      const kind = role === 'admin' ? 'an administrator' : 'a user without administration rights';
      return { json: { user: userJson({ ...user, role }) }, text: `${user.userName} is ${kind}.\n` };
    });
  },
});

/** @throws CommandError for anything but the two roles */
export function roleFrom(text: string): UserRole {
  if (text === 'user' || text === 'admin') return text;
  throw new CommandError('usage', `there is no role '${text}'; the roles are user and admin`);
}
