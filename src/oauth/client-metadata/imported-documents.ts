import type { Clock } from '../../core/clock.ts';
import { type Database, sql } from '../../core/database.ts';
import type { ClientId } from '../../core/ids.ts';
import { type Random, randomId } from '../../core/random.ts';
import type { ClientBundle } from './bundle.ts';

/** How long what is known of there being any may be out of date: other processes import. */
const knownFor = 1000;

/** A metadata document, by the URL that it is for. */
export interface MetadataDocument {
  readonly clientId: ClientId;
  /** As it was read; it is parsed anew whenever it is used, by the settings of then. */
  readonly text: string;
}

/** An imported document, for the command line. Times are milliseconds since the epoch. */
export interface ImportedDocument extends MetadataDocument {
  /** Name of the bundle that it came in; absent where an administrator brought it in by itself. */
  readonly bundle?: string;
  readonly importedAt: number;
  /** Absent: it does not expire. */
  readonly expiresAt?: number;
}

/** What became of a bundle: `older` than, or the `same` as, the last one of its name. */
export type BundleImport =
  | { readonly outcome: 'imported'; readonly removed: number }
  | { readonly outcome: 'older' | 'same'; readonly sequence: number };

/** Metadata documents that an administrator brought in: looked at before anything is fetched, and without a network. */
export class ImportedDocuments {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #random: Random;
  #exist = false;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(database: Database, clock: Clock, random: Random) {
    this.#database = database;
    this.#clock = clock;
    this.#random = random;
  }

  /** Whether there are any, as of the last `refresh`. */
  get exist(): boolean {
    return this.#exist;
  }

  /** Asks the database whether there are any, at most once a second. */
  async refresh(): Promise<void> {
    const now = this.#clock.now();
    if (now >= this.#askedAt && now - this.#askedAt < knownFor) return;
    this.#askedAt = now;
    const rows = await this.#database.read(`SELECT 1 AS one FROM client_documents WHERE ${alive} LIMIT 1`, now);
    this.#exist = rows.length > 0;
  }

  /** The text of a document that has not expired. */
  async find(clientId: ClientId): Promise<string | undefined> {
    const [row] = await this.#database.read(
      `SELECT document FROM client_documents WHERE client_id = ? AND ${alive}`,
      clientId,
      this.#clock.now(),
    );
    return row?.['document'] as string | undefined;
  }

  /** Those that have not expired. */
  async list(): Promise<ImportedDocument[]> {
    const rows = await this.#database.read(
      `SELECT client_id, document, bundle, imported_at, expires_at FROM client_documents WHERE ${alive} ORDER BY client_id`,
      this.#clock.now(),
    );
    return rows.map((row) => ({
      clientId: row['client_id'] as ClientId,
      text: row['document'] as string,
      importedAt: row['imported_at'] as number,
      ...(row['bundle'] === null ? {} : { bundle: row['bundle'] as string }),
      ...(row['expires_at'] === null ? {} : { expiresAt: row['expires_at'] as number }),
    }));
  }

  /** Adds documents, or puts them in the place of those that are there for the same URL. */
  async add(documents: readonly MetadataDocument[]): Promise<void> {
    const now = this.#clock.now();
    await this.#database.write(
      ...documents.map(({ clientId, text }) =>
        sql(
          `INSERT INTO client_documents (client_id, document, imported_at) VALUES (?, ?, ?)
           ON CONFLICT (client_id) DO UPDATE SET document = excluded.document, bundle = NULL, imported_at = excluded.imported_at, expires_at = NULL`,
          clientId,
          text,
          now,
        ),
      ),
    );
    this.#exist ||= documents.length > 0;
  }

  /**
   * Puts the documents of a bundle in the place of those of the last one of its name, in one step, unless that one was
   * newer: of bundles that are imported at the same time, the newest stays, whole.
   * @param signedBy thumbprint of the key that verified it
   */
  async addBundle(bundle: ClientBundle, signedBy: string): Promise<BundleImport> {
    const { name, sequence, issuedAt, expiresAt, documents } = bundle;
    const now = this.#clock.now();
    const importId = randomId(this.#random);
    const won = 'EXISTS (SELECT 1 FROM client_bundles WHERE bundle = ? AND import_id = ?)';
    const [accepted, earlier] = await this.#database.write(
      sql(
        `INSERT INTO client_bundles (bundle, sequence, issued_at, expires_at, signed_by, imported_at, import_id) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (bundle) DO UPDATE SET sequence = excluded.sequence, issued_at = excluded.issued_at, expires_at = excluded.expires_at,
           signed_by = excluded.signed_by, imported_at = excluded.imported_at, import_id = excluded.import_id
         WHERE client_bundles.sequence < excluded.sequence RETURNING bundle`,
        name,
        sequence,
        issuedAt,
        expiresAt,
        signedBy,
        now,
        importId,
      ),
      sql(`DELETE FROM client_documents WHERE bundle = ? AND ${won} RETURNING client_id`, name, name, importId),
      ...documents.map(({ clientId, text }) =>
        sql(
          `INSERT INTO client_documents (client_id, document, bundle, imported_at, expires_at)
           SELECT ?, ?, ?, CAST(? AS BIGINT), CAST(? AS BIGINT) WHERE ${won}
           ON CONFLICT (client_id) DO UPDATE SET document = excluded.document, bundle = excluded.bundle,
             imported_at = excluded.imported_at, expires_at = excluded.expires_at`,
          clientId,
          text,
          name,
          now,
          expiresAt,
          name,
          importId,
        ),
      ),
    );
    if (accepted?.length !== 1) return this.#notNewer(name, sequence);
    this.#exist ||= documents.length > 0;
    const present = new Set<unknown>(documents.map(({ clientId }) => clientId));
    const removed = (earlier ?? []).filter((row) => !present.has(row['client_id']));
    return { outcome: 'imported', removed: removed.length };
  }

  /** Takes a document away. Resolves to whether it was there. */
  async remove(clientId: ClientId): Promise<boolean> {
    const [removed] = await this.#database.write(
      sql('DELETE FROM client_documents WHERE client_id = ? RETURNING client_id', clientId),
    );
    return removed?.length === 1;
  }

  async #notNewer(name: string, sequence: number): Promise<BundleImport> {
    const [row] = await this.#database.read('SELECT sequence FROM client_bundles WHERE bundle = ?', name);
    const last = (row?.['sequence'] as number | undefined) ?? sequence;
    return { outcome: last === sequence ? 'same' : 'older', sequence: last };
  }
}

const alive = '(expires_at IS NULL OR expires_at > ?)';
