import type { ClientId } from '../../core/ids.ts';
import { mintSecret } from '../../oauth/token/mint.ts';
import { displayText } from '../../web/display-text.ts';
import { defineCommand } from '../command.ts';
import { durationFrom } from '../duration.ts';
import { CommandError } from '../failures.ts';
import { withPortcullis } from '../open.ts';
import { configFor, dataFlags } from '../settings-flags.ts';
import { definitions, momentJson, momentText } from '../text.ts';

export const clientSecret = defineCommand({
  name: 'client secret',
  summary: 'Give a client a new secret, shown this once.',
  details:
    'The old secret ends at once, unless --keep-old-for lets both be used while the client is changed over. The one before the old ends in any case.',
  positionals: { id: { description: 'The client id: see portcullis client list.' } },
  flags: {
    'keep-old-for': { value: 'TIME', description: 'How long the old secret works beside the new: 7d, 12h, 30m.' },
    ...dataFlags,
  },
  examples: ['portcullis client secret hVuSMv1ESpe1cdgrSkhEIQ --keep-old-for 7d'],
  async run({ positionals, flags, terminal }) {
    const keptFor = flags['keep-old-for'] === undefined ? 0 : durationFrom('--keep-old-for', flags['keep-old-for']);
    return withPortcullis(configFor(flags, terminal), async (portcullis) => {
      const { clock, random, settings, services } = portcullis;
      const clientId = positionals.id as ClientId;
      const now = clock.now();
      const { secret, hash } = mintSecret(random);
      const lifetime = settings.registration.clientSecretLifetime;
      const expiresAt = lifetime === undefined ? undefined : now + lifetime;
      const next = { hash, ...(expiresAt === undefined ? {} : { expiresAt }) };
      if (!(await services.clients.replaceSecret(clientId, next, now + keptFor))) {
        if ((await services.clients.get(clientId)) === undefined)
          throw new CommandError('not_found', `there is no client '${clientId}'`, 'see: portcullis client list');
        throw new CommandError('failure', `client '${clientId}' has no secret: it is public, or has keys of its own`);
      }
      const client = await services.clients.get(clientId);
      const oldUntil = client?.previousSecret?.expiresAt ?? now;
      const reason = oldUntil > now ? `the old one works until ${momentJson(oldUntil)}` : 'the old one has ended';
      portcullis.report({ name: 'client.secret_replaced', clientId, reason });
      const facts: [string, string][] = [
        ['client_secret', secret],
        ['valid until', expiresAt === undefined ? 'replaced' : `${momentText(expiresAt)} UTC`],
        ['old secret', oldUntil > now ? `valid until ${momentText(oldUntil)} UTC` : 'has ended'],
      ];
      return {
        json: {
          clientId,
          clientSecret: secret,
          clientSecretExpiresAt: momentJson(expiresAt),
          oldSecretExpiresAt: momentJson(oldUntil),
        },
        text: `Client ${displayText(client?.clientName, clientId)} has a new secret.\n\n${definitions(facts, terminal.columns)}\nThe secret is not shown again: keep it now.\n`,
      };
    });
  },
});
