import type { Clock } from '../../core/clock.ts';
import { type Database, type Row, type Statement, sql } from '../../core/database.ts';
import type { ClientId, GrantId, ResourceUri, Subject } from '../../core/ids.ts';
import type { Grant, GrantDetails, Registrar } from '../../core/records.ts';

/** A live grant, for the account page and the command line. Times are milliseconds since the epoch. */
export interface GrantSummary {
  readonly grantId: GrantId;
  readonly clientId: ClientId;
  readonly clientName?: string;
  readonly registeredBy: Registrar;
  readonly subject: Subject;
  readonly scopes: readonly string[];
  readonly resource: ResourceUri;
  readonly approvedAt: number;
  readonly lastUsedAt?: number;
}

const summary = `SELECT g.grant_id, g.client_id, g.subject, g.scopes, g.resource, g.approved_at, g.last_used_at, c.registered_by, c.metadata
  FROM grants g JOIN clients c ON c.client_id = g.client_id
  WHERE g.revoked_at IS NULL AND g.redeemed_at IS NOT NULL AND g.expires_at > ?`;

/** Milliseconds within which a client's further uses are not noted, so that a busy client is not one busy row. */
export const clientUseInterval = 60_000;

/** Grants in the database: whether they live, whose they are, and their end. */
export class GrantStore {
  readonly #database: Database;
  readonly #clock: Clock;
  #revocations = 0;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Grows with every revocation made through this object: what was looked up before one must be looked up again. */
  get revocations(): number {
    return this.#revocations;
  }

  /** To be called where grants were ended by other statements, such as those that disable a user. */
  noteRevocation(): void {
    this.#revocations += 1;
  }

  /**
   * Adds a grant that has no code: its token is issued at once. Resolves to whether it was stored.
   * @param expiresAt when nothing of it can be alive any more, milliseconds since the epoch
   * @param condition SQL that must hold for it to be stored, with its values; its client must be there in any case
   */
  async add(grant: Grant, expiresAt: number, condition: Statement): Promise<boolean> {
    const root = grant.rootGrantId;
    const rootLives = 'EXISTS (SELECT 1 FROM grants AS root WHERE root.grant_id = ? AND root.revoked_at IS NULL)';
    const [stored] = await this.#database.write(
      sql(
        `INSERT INTO grants (grant_id, client_id, subject, scopes, resource, authenticated_at, approved_at, redeemed_at, last_used_at, expires_at, details, root_grant_id)
         SELECT ?, client_id, ?, ?, ?, CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), ?, ?
         FROM clients WHERE client_id = ? AND ${condition.sql}${root === undefined ? '' : ` AND ${rootLives}`} RETURNING grant_id`,
        grant.grantId,
        grant.subject,
        JSON.stringify(grant.scopes),
        grant.resource,
        grant.authenticatedAt,
        grant.approvedAt,
        grant.approvedAt,
        grant.approvedAt,
        expiresAt,
        detailsJson(grant),
        root ?? null,
        grant.clientId,
        ...condition.values,
        ...(root === undefined ? [] : [root]),
      ),
      sql(
        `UPDATE clients SET last_used_at = CAST(? AS BIGINT) WHERE client_id = ? AND (last_used_at IS NULL OR last_used_at < ?)
           AND EXISTS (SELECT 1 FROM grants WHERE grant_id = ?)`,
        grant.approvedAt,
        grant.clientId,
        grant.approvedAt - clientUseInterval,
        grant.grantId,
      ),
    );
    return stored?.length === 1;
  }

  /** Whether tokens of this grant are still honoured: it lives, and so does the one that it was made from. */
  async isAlive(grantId: GrantId): Promise<boolean> {
    const rows = await this.#database.read(
      `SELECT 1 AS alive FROM grants g LEFT JOIN grants root ON root.grant_id = g.root_grant_id
       WHERE g.grant_id = ? AND g.revoked_at IS NULL AND root.revoked_at IS NULL`,
      grantId,
    );
    return rows.length === 1;
  }

  /** What a user has approved; not what servers made from it for a few minutes. */
  async listForSubject(subject: Subject): Promise<GrantSummary[]> {
    const rows = await this.#database.read(
      `${summary} AND g.subject = ? AND g.root_grant_id IS NULL ORDER BY g.approved_at DESC`,
      this.#clock.now(),
      subject,
    );
    return rows.map(summaryOf);
  }

  /** A live grant whose code was redeemed. */
  async find(grantId: GrantId): Promise<GrantSummary | undefined> {
    const [row] = await this.#database.read(`${summary} AND g.grant_id = ?`, this.#clock.now(), grantId);
    return row === undefined ? undefined : summaryOf(row);
  }

  /** @param limit at most this many, the newest first */
  async list(limit: number): Promise<GrantSummary[]> {
    const rows = await this.#database.read(`${summary} ORDER BY g.approved_at DESC LIMIT ?`, this.#clock.now(), limit);
    return rows.map(summaryOf);
  }

  /**
   * Ends a grant with its codes and tokens. Resolves to whether it was alive.
   * @param because kept with the grant, for the operator
   */
  async revoke(grantId: GrantId, because: string): Promise<boolean> {
    const [revoked] = await this.#database.write(
      sql(
        'UPDATE grants SET revoked_at = ?, revoked_because = ? WHERE grant_id = ? AND revoked_at IS NULL RETURNING grant_id',
        this.#clock.now(),
        because,
        grantId,
      ),
    );
    this.#revocations += 1;
    return (revoked?.length ?? 0) === 1;
  }
}

function summaryOf(row: Readonly<Record<string, unknown>>): GrantSummary {
  const { clientName } = JSON.parse(row['metadata'] as string) as { clientName?: string };
  const lastUsedAt = row['last_used_at'] as number | null;
  return {
    grantId: row['grant_id'] as GrantId,
    clientId: row['client_id'] as ClientId,
    registeredBy: row['registered_by'] as GrantSummary['registeredBy'],
    subject: row['subject'] as Subject,
    scopes: JSON.parse(row['scopes'] as string) as string[],
    resource: row['resource'] as ResourceUri,
    approvedAt: row['approved_at'] as number,
    ...(clientName === undefined ? {} : { clientName }),
    ...(lastUsedAt === null ? {} : { lastUsedAt }),
  };
}

/**
 * Stores an approved grant, to run in the transaction that records the approval.
 * @param expiresAt when what opens it expires, milliseconds since the epoch
 * @param condition SQL that must hold for it to have any effect, with its values
 */
export function insertGrant(grant: Grant, expiresAt: number, condition: Statement): Statement {
  return sql(
    `INSERT INTO grants (grant_id, client_id, subject, scopes, resource, authenticated_at, approved_at, expires_at, details)
     SELECT ?, ?, ?, ?, ?, CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), ? WHERE ${condition.sql}`,
    grant.grantId,
    grant.clientId,
    grant.subject,
    JSON.stringify(grant.scopes),
    grant.resource,
    grant.authenticatedAt,
    grant.approvedAt,
    expiresAt,
    detailsJson(grant),
    ...condition.values,
  );
}

/** The columns of `grants g` that `grantOf` reads. */
export const grantColumns =
  'g.grant_id, g.client_id, g.subject, g.scopes, g.resource, g.authenticated_at, g.approved_at, g.details';

/** What `grants.details` holds: null where there is nothing to say. */
export function detailsJson({ keyThumbprint, acr, amr, actor }: GrantDetails): string | null {
  const json = JSON.stringify({ keyThumbprint, acr, amr, actor });
  return json === '{}' ? null : json;
}

export function grantOf(row: Row): Grant {
  const details = row['details'] === null ? {} : (JSON.parse(row['details'] as string) as GrantDetails);
  return {
    ...details,
    grantId: row['grant_id'] as GrantId,
    clientId: row['client_id'] as ClientId,
    subject: row['subject'] as Subject,
    scopes: JSON.parse(row['scopes'] as string) as string[],
    resource: row['resource'] as ResourceUri,
    authenticatedAt: row['authenticated_at'] as number,
    approvedAt: row['approved_at'] as number,
  };
}
