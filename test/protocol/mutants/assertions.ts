import type { AssertedUser } from '../../../src/core/identity-assertions.ts';
import type { Subject } from '../../../src/core/ids.ts';
import type { Client } from '../../../src/core/records.ts';
import { InMemoryProvider } from '../../../src/in-memory/index.ts';
import type { VerifiedAssertion } from '../../../src/oauth/identity-assertion/verified-assertion.ts';
import type { Mutant } from './mutant.ts';

class ForgetsTheIssuer extends InMemoryProvider {
  override async subjectOfAssertion(_: Client, { subject }: VerifiedAssertion): Promise<AssertedUser<Subject>> {
    return { subject: subject as Subject };
  }
}

class FindsUsersByName extends InMemoryProvider {
  override async subjectOfAssertion(_: Client, { claims, subject }: VerifiedAssertion): Promise<AssertedUser<Subject>> {
    return { subject: (claims['preferred_username'] ?? subject) as Subject };
  }
}

class MakesAUserEachTime extends InMemoryProvider {
  #users = 0;

  override async subjectOfAssertion(): Promise<AssertedUser<Subject>> {
    this.#users += 1;
    return { subject: `user ${this.#users}` as Subject };
  }
}

export const assertionMutants: readonly Mutant[] = [
  {
    mistake: 'takes the same subject of two issuers for one person',
    provider: ForgetsTheIssuer,
    caughtBy: ['users are told apart by issuer and subject'],
  },
  {
    mistake: 'finds users by a name that their issuer chose',
    provider: FindsUsersByName,
    caughtBy: ['users are told apart by issuer and subject'],
  },
  {
    mistake: 'makes another user for every assertion',
    provider: MakesAUserEachTime,
    caughtBy: ['an assertion becomes an access token of its user'],
  },
];
