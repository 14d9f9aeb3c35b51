import { randomId } from '../../core/random.ts';
import type { RegistrationToken } from '../../oauth/register/registration-tokens.ts';
import { mintSecret } from '../../oauth/token/mint.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../failures.ts';
import { withNewPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { counted, momentText } from '../text.ts';
import { tokenJson } from './token-json.ts';

const maximumUses = 100_000;
const longest = 366 * 86_400_000;
const units = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export const registrationTokenAdd = defineCommand({
  name: 'registration-token add',
  summary: 'Make a token with which clients may register.',
  details:
    'An initial access token (RFC 7591): whoever has it may register as many clients as it has uses, where registration.policy is token, and without waiting where it is approval. It is shown this once.',
  flags: {
    uses: { value: 'N', description: 'How many clients may come with it (default: 1).' },
    expires: { value: 'TIME', description: 'When it ends: 30m, 12h or 7d from now (default: 7d).' },
    label: { value: 'TEXT', description: 'What it is for, as listed.' },
    ...dataFlags,
  },
  examples: ['portcullis registration-token add --uses 20 --expires 7d --label "Laptops of the second floor"'],
  async run({ flags, terminal }) {
    const uses = usesOf(flags.uses ?? '1');
    const lifetime = lifetimeOf(flags.expires ?? '7d');
    const label = labelOf(flags.label);
    const config = configFor(flags, terminal).portcullis;
    return withNewPortcullis(config, async (portcullis) => {
      const { clock, random, services, settings } = portcullis;
      const now = clock.now();
      const { secret, hash } = mintSecret(random);
      const token: RegistrationToken = {
        tokenId: randomId(random),
        usesLeft: uses,
        createdAt: now,
        expiresAt: now + lifetime,
        ...(label === undefined ? {} : { label }),
      };
      await services.registrationTokens.add(token, hash);
      const { policy } = settings.registration;
      const unread =
        policy === 'token' || policy === 'approval' ? '' : `\nNobody asks for it: registration.policy is ${policy}.\n`;
      return {
        json: { registrationToken: tokenJson(token), token: secret },
        text: `${secret}\n\nFor ${counted(uses, 'client')}, until ${momentText(token.expiresAt)} UTC. It is not shown again: keep it now.\n${unread}`,
      };
    });
  },
});

function usesOf(text: string): number {
  const uses = /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 0;
  if (uses < 1 || uses > maximumUses)
    throw new CommandError('usage', `--uses must be a whole number from 1 to ${maximumUses}, not '${text}'`);
  return uses;
}

function lifetimeOf(text: string): number {
  const [, count = '', unit = ''] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? [];
  const lifetime = Number(count) * (units[unit as keyof typeof units] ?? 0);
  if (!(lifetime > 0 && lifetime <= longest))
    throw new CommandError('usage', `--expires must be a time such as 30m, 12h or 7d, at most 366d, not '${text}'`);
  return lifetime;
}

function labelOf(text: string | undefined): string | undefined {
  if (text !== undefined && (text.length > 100 || /\p{Cc}/u.test(text)))
    throw new CommandError('usage', '--label must be at most 100 characters on one line');
  return text === '' ? undefined : text;
}
