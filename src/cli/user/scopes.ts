import type { OAuthProvider } from '../../provider.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { userNamed, withPortcullis } from '../open.ts';
import { scopesFrom, uncheckedNote } from '../scopes.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { userJson } from './user-json.ts';

export const userScopes = defineCommand({
  name: 'user scopes',
  summary: 'Show or set which scopes a user may grant.',
  details: 'Without scopes it shows them. What was granted before stays: see portcullis grant revoke.',
  positionals: {
    name: { description: 'User name.' },
    scopes: { rest: true, description: 'The scopes that the user may grant from now on.' },
  },
  flags: {
    all: { description: 'Let the user grant every scope.' },
    none: { description: 'Let the user grant no scope.' },
    ...dataFlags,
  },
  examples: ['portcullis user scopes bob notes:read notes:write', 'portcullis user scopes bob --all'],
  async run({ positionals, flags, terminal }) {
    const named = positionals.scopes.length > 0;
    if ([named, flags.all, flags.none].filter((choice) => choice === true).length > 1) {
      throw new CommandError('usage', 'name scopes, or --all, or --none: only one of them');
    }
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const user = await userNamed(portcullis, positionals.name);
      refuseFlagName(positionals.scopes, portcullis);
      const isChange = named || flags.all === true || flags.none === true;
      const chosen = flags.all === true ? undefined : scopesFrom(positionals.scopes, portcullis);
      if (isChange) await portcullis.services.users.setGrantableScopes(user.userId, chosen);
      const grantableScopes = isChange ? chosen : user.grantableScopes;
      const note = isChange ? uncheckedNote(chosen, portcullis) : '';
      const text = grantableScopes === undefined ? 'every scope' : grantableScopes.join(' ') || 'no scope';
      return {
        json: { user: userJson({ ...user, grantableScopes }) },
        text: `${user.userName} may grant ${text}.\n${note}`,
      };
    });
  },
});

/** @throws CommandError for `all` and `none` where they are no scopes: the flags were meant */
function refuseFlagName(words: readonly string[], { scopes }: OAuthProvider): void {
  const [word = ''] = words;
  if (words.length !== 1 || !['all', 'none'].includes(word) || scopes.names.includes(word)) return;
  throw new CommandError('usage', `there is no scope '${word}'; did you mean --${word}?`);
}
