import { checkNewUser, UserError } from '../../identity/users/user.ts';
import { defineCommand } from '../command.ts';
import { withNewPortcullis } from '../open.ts';
import { newPassword } from '../prompt.ts';
import { scopesFrom, uncheckedNote } from '../scopes.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { roleFrom } from './role.ts';
import { userJson } from './user-json.ts';

export const userAdd = defineCommand({
  name: 'user add',
  summary: 'Add a user.',
  details:
    'Asks for the password, or reads it from standard input with --password-stdin. The first user may be an administrator: then the set-up link is not needed.',
  positionals: { name: { description: 'User name: 1 to 64 letters, digits or . _ - @ +' } },
  flags: {
    role: { value: 'ROLE', description: "'user' (the default) or 'admin'." },
    'password-stdin': { description: 'Read the password from the first line of standard input.' },
    email: { value: 'ADDRESS', description: 'E-mail address.' },
    'display-name': { value: 'NAME', description: 'Name that pages show (default: the user name).' },
    scopes: {
      value: 'SCOPES',
      repeatable: true,
      description: 'Scopes that the user may grant to clients (default: all).',
    },
    ...dataFlags,
  },
  examples: [
    'portcullis user add alice --role admin',
    'printf %s "$PASSWORD" | portcullis user add bob --password-stdin --email bob@example.com',
  ],
  async run({ positionals: { name }, flags, terminal }) {
    const config = configFor(flags, terminal);
    const role = flags.role === undefined ? 'user' : roleFrom(flags.role);
    return withNewPortcullis(config.portcullis, async (portcullis) => {
      const { users, passwords, siteName, paths } = portcullis.services;
      const scopes = flags.scopes === undefined ? undefined : scopesFrom(flags.scopes, portcullis);
      const details = {
        userName: name,
        role,
        ...(flags.email === undefined ? {} : { email: flags.email }),
        ...(flags['display-name'] === undefined ? {} : { displayName: flags['display-name'] }),
        ...(scopes === undefined ? {} : { grantableScopes: scopes }),
      };
      checkNewUser({ ...details, passwordHash: '' });
      if ((await users.findByName(name)) !== undefined)
        throw new UserError('name_taken', `there is a user '${name}' already`, 'username');
      const password = await newPassword(terminal, {
        userName: name,
        check: (chosen) => passwords.check(chosen, { userName: name, siteName }),
        fromInput: flags['password-stdin'] === true,
      });
      const user = await users.create({ ...details, passwordHash: await passwords.hash(password) });
      const signInUrl = new URL(paths.signIn, portcullis.settings.baseUrl).href;
      // Where none is set, the server makes its address of the port that it was started with.
      const where = config.origins.has('baseUrl')
        ? `Sign in at ${signInUrl}`
        : `Sign in at the address that the server prints when it starts: unless it has another port, ${signInUrl}`;
      const who = user.role === 'admin' ? 'Administrator' : 'User';
      return {
        json: { user: userJson(user) },
        text: `${who} ${user.userName} added. ${where}\n${uncheckedNote(scopes, portcullis)}`,
      };
    });
  },
});
