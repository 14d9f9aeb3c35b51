import type { AssertedUser } from '../../core/identity-assertions.ts';
import type { Subject } from '../../core/ids.ts';
import { type Random, randomId } from '../../core/random.ts';
import { VerifiedAssertion } from '../../oauth/identity-assertion/verified-assertion.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { User } from '../users/user.ts';
import { type AssertedPerson, assertedPerson } from './asserted-person.ts';
import type { ExternalIdentities, ExternalIdentity } from './store.ts';

/** What an issuer may do for people who are not linked yet. */
export interface IssuerUsers {
  /** Whether a user is made for who is nobody's here. */
  readonly create: boolean;
  /** Users that are made for it at most. */
  readonly maximumCreated: number;
  /** What users of its making may grant. `undefined`: all. */
  readonly grantableScopes: readonly string[] | undefined;
  /** Domains of which its verified addresses find users that are here already. */
  readonly matchEmailDomains: readonly string[];
}

export interface FindUserServices {
  readonly provider: OAuthProvider;
  readonly identities: ExternalIdentities;
  readonly usersOf: (issuer: string) => IssuerUsers | undefined;
}

/**
 * The user that a verified assertion is of, in this order: linked already → linked now by a verified address, where the
 * administrator allows that → made now, where the administrator allows that → nobody. A disabled user is nobody. Why it is
 * nobody goes to the log, and not to the client.
 */
export async function findAssertedUser(
  assertion: VerifiedAssertion,
  services: FindUserServices,
): Promise<AssertedUser<Subject> | undefined> {
  VerifiedAssertion.assert(assertion);
  const { provider, identities } = services;
  const identity = { issuer: assertion.issuer, subject: assertion.subject };
  const known = await identities.userOf(identity);
  const failure = known === undefined ? await linkNow(identity, assertedPerson(assertion.claims), services) : undefined;
  // Who is linked now counts, by whichever of several requests.
  const user = known ?? (await identities.userOf(identity));
  if (user?.status === 'active') return { subject: user.userId, grantableScopes: user.grantableScopes };
  provider.report({
    name: 'user.sign_in_failed',
    reason: `asserted by ${identity.issuer}, but ${user === undefined ? (failure ?? 'gone') : 'disabled'}`,
    ...(user === undefined ? {} : { subject: user.userId }),
  });
  return undefined;
}

/** Links an identity that nobody has, if that may be. @returns why it could not be, for the operator */
async function linkNow(
  identity: ExternalIdentity,
  person: AssertedPerson,
  services: FindUserServices,
): Promise<string | undefined> {
  const policy = services.usersOf(identity.issuer);
  const byHand = `link one: portcullis identity link NAME --issuer ${forShell(identity.issuer)} --subject ${forShell(identity.subject)}`;
  if (policy === undefined) return `its subject is linked to no user; ${byHand}`;
  const { email } = person;
  const holders = email === undefined ? [] : await services.identities.usersWithEmail(email);
  if (email !== undefined && holders.length > 0) {
    if (await linkHolder(identity, email, holders, policy, services)) return undefined;
    // Neither a second account for somebody who is here, nor one for somebody who was shut out.
    return `its e-mail address is that of a user here, who may not be found by it; ${byHand}`;
  }
  if (!policy.create) return `its subject is linked to no user; ${byHand}, or set users.create for the issuer`;
  return createUser(identity, person, policy, services);
}

/** Only an address that is one user's, in a domain that the issuer may speak for; the rest is decided with the write. */
async function linkHolder(
  identity: ExternalIdentity,
  email: string,
  [holder, ...others]: readonly User[],
  { matchEmailDomains }: IssuerUsers,
  { identities }: FindUserServices,
): Promise<boolean> {
  const domain = email.slice(email.lastIndexOf('@') + 1);
  if (holder === undefined || others.length > 0 || !matchEmailDomains.includes(domain)) return false;
  return identities.linkByEmail(identity, holder.userId, email);
}

async function createUser(
  identity: ExternalIdentity,
  { names, email, displayName }: AssertedPerson,
  { grantableScopes, maximumCreated }: IssuerUsers,
  { provider, identities }: FindUserServices,
): Promise<string | undefined> {
  for (const userName of namesToTry(names, provider.random)) {
    const user = {
      userName,
      ...(email === undefined ? {} : { email }),
      ...(displayName === undefined ? {} : { displayName }),
      ...(grantableScopes === undefined ? {} : { grantableScopes }),
    };
    if (await identities.create(identity, user, maximumCreated)) return undefined;
    if ((await identities.userOf(identity)) !== undefined) return undefined;
    if ((await identities.countCreated(identity.issuer)) >= maximumCreated)
      return `${maximumCreated} users have been made for it; raise users.maximumCreated for the issuer`;
  }
  return 'no name was free for a new user';
}

// The subject is whatever the issuer says, and operators paste.
function forShell(word: string): string {
  return /^[\w.:/@|-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function namesToTry([name]: readonly string[], random: Random): readonly string[] {
  const unlike = () => randomId(random).slice(0, 8);
  if (name === undefined) return [`user-${unlike()}`, `user-${unlike()}`];
  return [name, `${name}-2`, `${name}-3`, `${name}-${unlike()}`];
}
