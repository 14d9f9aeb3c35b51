import { displayText } from '../../web/display-text.ts';
import { defineCommand } from '../command.ts';
import { withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { momentText, table } from '../text.ts';
import { userJson } from './user-json.ts';

export const userList = defineCommand({
  name: 'user list',
  summary: 'List the users.',
  flags: dataFlags,
  async run({ flags, terminal }) {
    const config = configFor(flags, terminal);
    const users = await withPortcullis(config, (portcullis) => portcullis.services.users.list());
    const rows = users.map((user) => [
      user.userName,
      displayText(user.displayName, ''),
      user.role,
      user.status,
      user.grantableScopes === undefined ? 'all' : user.grantableScopes.join(' ') || 'none',
      momentText(user.lastSignedInAt),
    ]);
    const empty = 'There are no users yet. Make the first administrator: portcullis user add NAME --role admin\n';
    return {
      json: { users: users.map(userJson) },
      text:
        users.length === 0
          ? empty
          : table(['NAME', 'DISPLAY NAME', 'ROLE', 'STATUS', 'MAY GRANT', 'LAST SIGN-IN (UTC)'], rows, terminal.style),
    };
  },
});
