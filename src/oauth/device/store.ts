import { createHmac } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { type Database, type Row, type Statement, sql } from '../../core/database.ts';
import type { ClientId, ResourceUri, SecretHash } from '../../core/ids.ts';
import type { DeviceAuthorization, DevicePoll, Grant, RefreshToken } from '../../core/records.ts';
import { spendCode } from '../token/code-store.ts';
import { grantColumns, grantOf, insertGrant } from '../token/grant-store.ts';

/** RFC 8628 §3.5: what a poll that comes too soon adds to the interval, in milliseconds. */
const addedWait = 5000;

/** How much earlier than asked a poll may arrive, in milliseconds: networks delay one request more than the next. */
const tolerance = 500;

/** A device's request as its user sees it. Times are milliseconds since the epoch. */
export interface WaitingDevice extends Omit<DeviceAuthorization, 'interval'> {
  /** The browser that it is shown in. */
  readonly shownTo: SecretHash;
}

/** Device codes in the database, with what became of them. */
export class DeviceCodeStore {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #key: Uint8Array;

  /** @param key at least 32 random bytes that are not in the database: user codes are too few to hide behind a hash alone */
  constructor(database: Database, clock: Clock, key: Uint8Array) {
    if (key.byteLength < 32) throw new TypeError('the key of user codes must have at least 32 bytes');
    this.#database = database;
    this.#clock = clock;
    this.#key = key;
  }

  /**
   * Keeps a device's request of a client that is there. `taken`: its user code was handed out before. `full`: too many wait.
   * @param maximum requests of all clients that wait at most
   */
  async add(device: DeviceAuthorization, maximum: number): Promise<'added' | 'taken' | 'full'> {
    const waiting = 'SELECT count(*) FROM device_codes WHERE decision IS NULL AND expires_at > ?';
    const [room, added] = await this.#database.write(
      sql(`SELECT 1 AS room WHERE (${waiting}) < ?`, device.createdAt, maximum),
      sql(
        `INSERT INTO device_codes (code_hash, user_code_hash, client_id, scopes, resource, address, created_at, expires_at, poll_wait, next_poll_at)
         SELECT ?, ?, client_id, ?, ?, ?, CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT)
         FROM clients WHERE client_id = ? AND (${waiting}) < ?
         ON CONFLICT (user_code_hash) DO NOTHING RETURNING code_hash`,
        device.hash,
        this.#hashOf(device.userCode),
        JSON.stringify(device.scopes),
        device.resource,
        device.clientAddress ?? null,
        device.createdAt,
        device.expiresAt,
        device.interval,
        device.createdAt,
        device.clientId,
        device.createdAt,
        maximum,
      ),
    );
    if (added?.length === 1) return 'added';
    return room?.length === 1 ? 'taken' : 'full';
  }

  /**
   * Counts a poll of a client, and tells what became of its request; in one transaction, so that of polls that come at once,
   * in any number of processes, one is in time. Once the wait is longer than the request lives, nothing is written any more.
   */
  async poll(clientId: ClientId, hash: SecretHash): Promise<DevicePoll | undefined> {
    const now = this.#clock.now();
    const wait = 'CASE WHEN next_poll_at > ? THEN poll_wait + ? ELSE poll_wait END';
    const waitValues = [now + tolerance, addedWait];
    const [counted, rows] = await this.#database.write(
      sql(
        `UPDATE device_codes SET poll_wait = ${wait}, next_poll_at = CAST(? AS BIGINT) + ${wait},
           polled_too_soon = CASE WHEN next_poll_at > ? THEN 1 ELSE 0 END
         WHERE code_hash = ? AND client_id = ? AND decision IS NULL AND expires_at > ? AND next_poll_at <= expires_at
         RETURNING code_hash`,
        ...waitValues,
        now,
        ...waitValues,
        now + tolerance,
        hash,
        clientId,
        now,
      ),
      sql(
        `SELECT d.decision, d.expires_at AS code_expires_at, d.spent_at, d.polled_too_soon, g.revoked_at, ${grantColumns}
         FROM device_codes d LEFT JOIN grants g ON g.grant_id = d.grant_id WHERE d.code_hash = ? AND d.client_id = ?`,
        hash,
        clientId,
      ),
    );
    const row = rows?.[0];
    return row === undefined ? undefined : outcomeOf(hash, row, counted?.length === 1, now);
  }

  /** Spends the device code of an approved request, as `spendCode` says. */
  redeem(
    code: { readonly hash: SecretHash; readonly grant: Grant },
    spentBy: string,
    refreshToken: RefreshToken | undefined,
    now: number,
    grantExpiresAt: number,
  ): Promise<boolean> {
    return spendCode('device_codes', code, { spentBy, refreshToken, now, grantExpiresAt }, this.#database);
  }

  /**
   * Finds the request that a user code is for, if it waits for a decision, and takes note of the browser that sees it: the
   * last one may decide.
   */
  async show(userCode: string, shownTo: SecretHash): Promise<WaitingDevice | undefined> {
    const [rows] = await this.#database.write(
      sql(
        `UPDATE device_codes SET shown_to = ? WHERE user_code_hash = ? AND decision IS NULL AND expires_at > ?
         RETURNING ${shownColumns}`,
        shownTo,
        this.#hashOf(userCode),
        this.#clock.now(),
      ),
    );
    return rows?.[0] && waitingDeviceOf(userCode, shownTo, rows[0]);
  }

  /** The same for a browser that sees it already; `undefined` for every other one. */
  async find(userCode: string, shownTo: SecretHash): Promise<WaitingDevice | undefined> {
    const [row] = await this.#database.read(
      `SELECT ${shownColumns} FROM device_codes
       WHERE user_code_hash = ? AND shown_to = ? AND decision IS NULL AND expires_at > ?`,
      this.#hashOf(userCode),
      shownTo,
      this.#clock.now(),
    );
    return row && waitingDeviceOf(userCode, shownTo, row);
  }

  /**
   * Records a decision of the browser that saw the request last, once: of any number of concurrent calls, in any number of
   * processes, one resolves to `true`. An approval stores its grant in the same transaction.
   * @param decision the grant that was approved, or `denied`
   * @param condition SQL that must hold for it to have any effect, with its values
   */
  async decide(device: WaitingDevice, decision: Grant | 'denied', condition: Statement): Promise<boolean> {
    const now = this.#clock.now();
    const grant = decision === 'denied' ? undefined : decision;
    const [decided] = await this.#database.write(
      sql(
        `UPDATE device_codes SET decision = ?, decided_at = ?, grant_id = ?
         WHERE code_hash = ? AND shown_to = ? AND decision IS NULL AND expires_at > ? AND ${condition.sql}
         RETURNING code_hash`,
        grant === undefined ? 'denied' : 'approved',
        now,
        grant?.grantId ?? null,
        device.hash,
        device.shownTo,
        now,
        ...condition.values,
      ),
      ...(grant === undefined ? [] : [this.#storeGrant(grant, device)]),
    );
    return decided?.length === 1;
  }

  #storeGrant(grant: Grant, { hash, expiresAt }: WaitingDevice): Statement {
    const won = sql('EXISTS (SELECT 1 FROM device_codes WHERE code_hash = ? AND grant_id = ?)', hash, grant.grantId);
    return insertGrant(grant, expiresAt, won);
  }

  #hashOf(userCode: string): string {
    return createHmac('sha256', this.#key).update(userCode).digest('base64url');
  }
}

const shownColumns = 'code_hash, client_id, scopes, resource, address, created_at, expires_at';

/** @param wasCounted no longer, once the wait is longer than the request lives: until then every poll comes too soon */
function outcomeOf(hash: SecretHash, row: Row, wasCounted: boolean, now: number): DevicePoll | undefined {
  const expiresAt = row['code_expires_at'] as number;
  if (row['decision'] === 'denied') return { kind: 'denied' };
  if (row['decision'] === 'approved') {
    if (row['grant_id'] === null || row['revoked_at'] !== null) return undefined;
    const spentAt = row['spent_at'] as number | null;
    return { kind: 'device_code', hash, grant: grantOf(row), expiresAt, ...(spentAt === null ? {} : { spentAt }) };
  }
  if (expiresAt <= now) return { kind: 'expired' };
  return { kind: !wasCounted || row['polled_too_soon'] === 1 ? 'too_soon' : 'pending' };
}

function waitingDeviceOf(userCode: string, shownTo: SecretHash, row: Row): WaitingDevice {
  const clientAddress = row['address'] as string | null;
  return {
    hash: row['code_hash'] as SecretHash,
    userCode,
    clientId: row['client_id'] as ClientId,
    scopes: JSON.parse(row['scopes'] as string) as string[],
    resource: row['resource'] as ResourceUri,
    createdAt: row['created_at'] as number,
    expiresAt: row['expires_at'] as number,
    shownTo,
    ...(clientAddress === null ? {} : { clientAddress }),
  };
}
