import type { ExternalIdentity } from '../../identity/external-identities/store.ts';
import type { Portcullis } from '../../portcullis/portcullis.ts';
import { CommandError } from '../failures.ts';

/** Flags that name a person as an identity provider knows them. */
export const identityFlags = {
  issuer: {
    value: 'ISSUER',
    description:
      'The iss of the identity provider, exactly (default: the one that the configuration lists, if it is one).',
  },
  subject: { value: 'SUBJECT', description: 'Its sub for the person, exactly.' },
} as const;

/** @throws CommandError where one is missing, or is what no assertion can have */
export function identityFrom(
  flags: { readonly issuer?: string | undefined; readonly subject?: string | undefined },
  { identityAssertions }: Portcullis,
): ExternalIdentity {
  const [known, ...others] = identityAssertions.issuers.keys();
  const issuer = flags.issuer ?? (others.length === 0 ? known : undefined);
  if (issuer === undefined)
    throw new CommandError('usage', '--issuer is missing: the configuration does not list exactly one');
  if (issuer === '' || /[^\x21-\x7e]/.test(issuer))
    throw new CommandError('usage', `--issuer '${issuer}' is none; it looks like https://idp.example.com`);
  if (flags.subject === undefined) throw new CommandError('usage', '--subject is missing');
  if (flags.subject === '' || flags.subject.length > 256 || /\p{Cc}/u.test(flags.subject))
    throw new CommandError('usage', '--subject must have 1 to 256 characters, without control characters');
  return { issuer, subject: flags.subject };
}
