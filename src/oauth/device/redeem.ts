import { AlreadySpentError, OAuthError } from '../../core/errors.ts';
import { hashSecret } from '../../core/hash.ts';
import type { Params } from '../../core/params.ts';
import type { Client, DeviceCode, Grant } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import type { AuthenticatedClient } from '../token/client-authentication.ts';
import { declareRedeemable } from '../token/consumed-grant.ts';
import { mayUseDevices } from '../token/device-clients.ts';
import type { TokenRequest } from '../token/grant-handler.ts';
import { refreshKeyOf } from '../token/mint.ts';
import { endReplayed } from '../token/replay.ts';
import { grantedResource, requireStillAllowed } from '../token/resource.ts';
import type { TokenSet } from '../token/token-set.ts';

/** Proof that a device code may be spent by this request: it is this client's, approved by its user, and alive. */
export class RedeemableDeviceCode {
  readonly #record: DeviceCode;
  readonly #client: Client;
  readonly #keyThumbprint: string | undefined;

  private constructor(record: DeviceCode, client: Client, keyThumbprint: string | undefined) {
    this.#record = record;
    this.#client = client;
    this.#keyThumbprint = keyThumbprint;
    declareRedeemable(this);
  }

  /**
   * @param keyThumbprint of the key that the request proved
   * @throws OAuthError `invalid_grant`, `expired_token`
   * @see RFC 8628 §3.4, §3.5
   */
  static check(record: DeviceCode, client: Client, now: number, keyThumbprint?: string): RedeemableDeviceCode {
    if (record.grant.clientId !== client.clientId) throw unusable();
    // A spent code is judged to the end, expired or not, so that its replay is recognised as one.
    if (record.spentAt === undefined && !(record.expiresAt > now)) throw expired();
    return new RedeemableDeviceCode(record, client, keyThumbprint);
  }

  get hash(): DeviceCode['hash'] {
    return this.#record.hash;
  }

  get grant(): Grant {
    return this.#record.grant;
  }

  get scopes(): readonly string[] {
    return this.#record.grant.scopes;
  }

  get keyThumbprint(): string | undefined {
    return this.#keyThumbprint;
  }

  get refreshKeyThumbprint(): string | undefined {
    return refreshKeyOf(this.#client, this.#keyThumbprint);
  }

  /** When it was spent, if it has been: a subclass must still decide by its own atomic operation. */
  get spentAt(): number | undefined {
    return this.#record.spentAt;
  }
}

/**
 * The device code grant, in this order: a client that may → poll counted → this client's → decided → alive → resource →
 * scopes → spend. Nothing is counted, spent or revoked for another client; a replay revokes what the first redemption opened.
 * @see RFC 8628 §3.5, RFC 9700 §4.14.2 on replay
 */
export async function redeemDeviceCode(
  { client }: AuthenticatedClient,
  params: Params,
  provider: OAuthProvider,
  request: TokenRequest,
): Promise<TokenSet> {
  mayUseDevices(client, provider);
  const record = await poll(client, hashSecret(params.require('device_code')), provider);
  const code = RedeemableDeviceCode.check(record, client, provider.clock.now(), request.keyThumbprint);
  grantedResource(params, client, record, provider);
  requireStillAllowed(record, client);
  try {
    if (code.spentAt !== undefined) throw new AlreadySpentError();
    if (provider.exchangeDeviceCode === undefined)
      throw new Error('device codes are served without exchangeDeviceCode');
    return await provider.exchangeDeviceCode(client, code);
  } catch (error) {
    const told = { name: 'code.replayed', reason: 'a device code', refusal: unusable } as const;
    throw await endReplayed(error, record, told, provider);
  }
}

/** @throws OAuthError for every outcome but an approval: there the device goes on, slows down, or gives up */
async function poll(client: Client, hash: DeviceCode['hash'], provider: OAuthProvider): Promise<DeviceCode> {
  const polled = await provider.pollDeviceAuthorization?.(client, hash);
  if (polled === undefined) throw unusable();
  switch (polled.kind) {
    case 'device_code':
      return polled;
    case 'pending':
      throw new OAuthError('authorization_pending', 'the user has not decided yet: ask again after the interval');
    case 'too_soon':
      // RFC 8628 §3.5: the interval MUST be increased by 5 seconds for this and all subsequent requests.
      throw new OAuthError('slow_down', 'asked too soon: wait 5 seconds longer between requests from now on');
    case 'denied':
      throw new OAuthError('access_denied', 'the user denied the request', { status: 400 });
    case 'expired':
      throw expired();
  }
}

function expired(): OAuthError {
  return new OAuthError('expired_token', 'the device code has expired: start again for a new one');
}

// One answer for unknown, foreign and spent codes: which of them it is concerns nobody who asks.
function unusable(): OAuthError {
  return new OAuthError('invalid_grant', 'the device code is unknown, already used, or was issued to another client');
}
