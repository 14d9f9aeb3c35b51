import { hashSecret } from '../../../src/core/hash.ts';
import type { ClientId, SecretHash } from '../../../src/core/ids.ts';
import type { Client, DevicePoll, SingleUseIdentifier } from '../../../src/core/records.ts';
import { InMemoryProvider } from '../../../src/in-memory/index.ts';
import type { AuthorizeRequest } from '../../../src/oauth/authorization-code/request.ts';
import type { RedeemableDeviceCode } from '../../../src/oauth/device/redeem.ts';
import type { TokenSet } from '../../../src/oauth/token/token-set.ts';
import type { Mutant } from './mutant.ts';

type SequenceMutant = Pick<Mutant, 'mistake' | 'provider'>;

class RedeemsDeviceCodesAgain extends InMemoryProvider {
  readonly #spent = new Map<SecretHash, TokenSet>();

  override async pollDeviceAuthorization(client: Client, hash: SecretHash): Promise<DevicePoll | undefined> {
    const polled = await super.pollDeviceAuthorization(client, hash);
    if (polled?.kind !== 'device_code') return polled;
    const { spentAt: _, ...unspent } = polled;
    return unspent;
  }

  override async exchangeDeviceCode(client: Client, code: RedeemableDeviceCode): Promise<TokenSet> {
    // The device lost the answer, its author thought.
    const tokens = this.#spent.get(code.hash) ?? (await super.exchangeDeviceCode(client, code));
    this.#spent.set(code.hash, tokens);
    return tokens;
  }
}

class LetsDevicesHurry extends InMemoryProvider {
  override async pollDeviceAuthorization(client: Client, hash: SecretHash): Promise<DevicePoll | undefined> {
    const polled = await super.pollDeviceAuthorization(client, hash);
    return polled?.kind === 'too_soon' ? { kind: 'pending' } : polled;
  }
}

class IgnoresTheAgeOfASignIn extends InMemoryProvider {
  override async authorize(client: Client, request: AuthorizeRequest): Promise<URL> {
    const { maxAge: _, ...rest } = request;
    return super.authorize(client, rest);
  }
}

class TakesARefreshForASignIn extends InMemoryProvider {
  override async exchangeRefreshToken(
    ...[client, token, scopes]: Parameters<InMemoryProvider['exchangeRefreshToken']>
  ): Promise<TokenSet> {
    const tokens = await super.exchangeRefreshToken(client, token, scopes);
    const record = this.store.accessTokens.get(hashSecret(tokens.accessToken));
    const claims = { ...record?.claims, auth_time: Math.floor(this.clock.now() / 1000) };
    if (record !== undefined) this.store.accessTokens.set(record.tokenId, { ...record, claims });
    return tokens;
  }
}

class TakesAssertionsAgain extends InMemoryProvider {
  override async spendIdentifier(identifier: SingleUseIdentifier): Promise<boolean> {
    return (await super.spendIdentifier(identifier)) || identifier.purpose === 'identity_assertion';
  }
}

class KeepsToTheFirstDocument extends InMemoryProvider {
  override async rememberClient(client: Client): Promise<void> {
    if ((await this.getClient(client.clientId as ClientId)) === undefined) await super.rememberClient(client);
  }
}

/** Mistakes with devices, sign-ins, issuers and metadata documents that show only in a sequence. */
export const partyMutants: readonly SequenceMutant[] = [
  { mistake: 'gives a device its tokens again', provider: RedeemsDeviceCodesAgain },
  { mistake: 'never tells a device to slow down', provider: LetsDevicesHurry },
  { mistake: 'issues a code for a sign-in of too long ago', provider: IgnoresTheAgeOfASignIn },
  { mistake: 'takes a refresh for a sign-in', provider: TakesARefreshForASignIn },
  { mistake: 'takes an assertion again', provider: TakesAssertionsAgain },
  { mistake: 'keeps to what a metadata document said first', provider: KeepsToTheFirstDocument },
];
