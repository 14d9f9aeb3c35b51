import { type Database, sql } from '../../core/database.ts';
import type { SingleUseIdentifier } from '../../core/records.ts';
import { identifierHash } from './identifier-hash.ts';

/** Spent identifiers in the database, until they would be refused for their age. */
export class SpentIdentifiers {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Resolves to whether the identifier was new: of any number of concurrent calls, in any number of processes, one. What was
   * spent before a backup was restored is forgotten, so that whatever could have been presented before that is not new.
   */
  async spend(identifier: SingleUseIdentifier): Promise<boolean> {
    const [spent] = await this.#database.write(
      sql(
        `INSERT INTO spent_identifiers (identifier_hash, expires_at)
         SELECT ?, CAST(? AS BIGINT) WHERE NOT EXISTS (SELECT 1 FROM epochs WHERE began_at >= ?)
         ON CONFLICT (identifier_hash) DO NOTHING RETURNING identifier_hash`,
        identifierHash(identifier),
        Math.ceil(identifier.expiresAt),
        Math.floor(identifier.usableFrom),
      ),
    );
    return spent?.length === 1;
  }
}
