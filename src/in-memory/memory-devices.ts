import type { ClientId, GrantId, SecretHash } from '../core/ids.ts';
import type { DeviceAuthorization, DevicePoll, Grant } from '../core/records.ts';

/** Devices that wait at most. */
const maximumDevices = 10_000;

/** RFC 8628 §3.5: what a poll that comes too soon adds to the interval, in milliseconds. */
const addedWait = 5000;

/** How much earlier than asked a poll may arrive, in milliseconds. */
const tolerance = 500;

interface StoredDevice {
  readonly request: DeviceAuthorization;
  readonly decision?: Grant | 'denied';
  readonly spentAt?: number;
  readonly wait: number;
  readonly nextPollAt: number;
}

/** The device codes of an `InMemoryProvider`. Each method runs to its end without waiting, which makes it atomic. */
export class MemoryDevices {
  readonly #devices = new Map<SecretHash, StoredDevice>();
  readonly #userCodes = new Set<string>();

  get size(): number {
    return this.#devices.size;
  }

  add(request: DeviceAuthorization, now: number): 'added' | 'taken' | 'full' {
    if (this.#devices.size >= maximumDevices) this.removeExpired(now);
    if (this.#devices.size >= maximumDevices) return 'full';
    if (this.#userCodes.has(request.userCode)) return 'taken';
    this.#userCodes.add(request.userCode);
    this.#devices.set(request.hash, { request, wait: request.interval, nextPollAt: now });
    return 'added';
  }

  /** Counts a poll of a client, and tells what became of its request. */
  poll(clientId: ClientId, hash: SecretHash, now: number): DevicePoll | undefined {
    const device = this.#devices.get(hash);
    if (device?.request.clientId !== clientId) return undefined;
    const { decision, request, spentAt } = device;
    const { expiresAt } = request;
    if (decision === 'denied') return { kind: 'denied' };
    if (decision !== undefined)
      return { kind: 'device_code', hash, grant: decision, expiresAt, ...(spentAt === undefined ? {} : { spentAt }) };
    if (expiresAt <= now) return { kind: 'expired' };
    const isTooSoon = device.nextPollAt > now + tolerance;
    const wait = device.wait + (isTooSoon ? addedWait : 0);
    this.#devices.set(hash, { ...device, wait, nextPollAt: now + wait });
    return { kind: isTooSoon ? 'too_soon' : 'pending' };
  }

  /** Records a decision, once. @returns whether this call did */
  decide(hash: SecretHash, decision: Grant | 'denied', now: number): boolean {
    const device = this.#devices.get(hash);
    if (device === undefined || device.decision !== undefined || device.request.expiresAt <= now) return false;
    this.#devices.set(hash, { ...device, decision });
    return true;
  }

  /** Spends an approved code, once. @returns whether this call did */
  spend(hash: SecretHash, now: number): boolean {
    const device = this.#devices.get(hash);
    if (device === undefined || device.spentAt !== undefined) return false;
    this.#devices.set(hash, { ...device, spentAt: now });
    return true;
  }

  /** Forgets what has expired. @returns the grants that hang on the rest */
  removeExpired(now: number): GrantId[] {
    for (const [hash, { request }] of this.#devices) {
      if (request.expiresAt > now) continue;
      this.#devices.delete(hash);
      this.#userCodes.delete(request.userCode);
    }
    return [...this.#devices.values()].flatMap(({ decision }) =>
      decision === undefined || decision === 'denied' ? [] : [decision.grantId],
    );
  }
}
