import type { RotationKind } from '../../operations/keys/signing-keys.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { momentText } from '../text.ts';
import { keyJson } from './key-json.ts';

export const keysRotate = defineCommand({
  name: 'keys rotate',
  summary: 'Replace the key that tokens are signed with.',
  details:
    'The new key is published at once and signs a quarter of an hour later (keys.publishAheadSeconds), when everybody who caches the key set knows it. The old one stays published until the last token that it signed has expired, so nobody notices. A running server follows by itself.',
  flags: {
    now: { description: 'Sign with the new key at once.' },
    compromised: {
      description:
        'Sign with the new key at once and remove the old ones: every access token that they signed stops working, and clients get new ones with their refresh tokens.',
    },
    ...dataFlags,
  },
  examples: ['portcullis keys rotate', 'portcullis keys rotate --compromised'],
  async run({ flags, terminal }) {
    if (flags.now && flags.compromised)
      throw new CommandError('usage', '--compromised is at once by itself; leave out --now');
    return withPortcullis(configFor(flags, terminal), async ({ services: { signingKeys } }) => {
      const key = await signingKeys.rotate(kindOf(flags));
      const old = flags.compromised ? 'The old keys are gone, and the tokens that they signed with them.\n' : '';
      return {
        json: { key: keyJson(key, signingKeys) },
        text: `${key.algorithm} key ${key.keyId} signs access tokens from ${momentText(key.activeFrom)} UTC.\n${old}`,
      };
    });
  },
});

function kindOf(flags: { readonly now?: true | undefined; readonly compromised?: true | undefined }): RotationKind {
  if (flags.compromised) return 'old ones are compromised';
  return flags.now ? 'at once' : 'ahead';
}
