import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { AccessToken, AuthorizationCode, Client, RefreshToken, SecretHash } from 'portcullis';

const schema = `
  PRAGMA foreign_keys = ON;
  CREATE TABLE IF NOT EXISTS oauth_clients (client_id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS oauth_grants (
    grant_id TEXT PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, expires_at INTEGER NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0, rotated_at INTEGER NOT NULL DEFAULT 0, retries INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE IF NOT EXISTS oauth_tokens (
    hash TEXT PRIMARY KEY, grant_id TEXT NOT NULL REFERENCES oauth_grants ON DELETE CASCADE,
    generation INTEGER NOT NULL, kind TEXT NOT NULL, record TEXT NOT NULL, spent_at INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS oauth_tokens_by_grant ON oauth_tokens (grant_id);
`;

type Token = AuthorizationCode | RefreshToken | AccessToken;

/** A code or token with the state of its grant. */
export interface Found<T> {
  readonly record: T;
  readonly spentAt: number | null;
  /** How many rotations its family has gone on since it was issued. */
  readonly behind: number;
  readonly rotatedAt: number;
  readonly retries: number;
}

/** The provider's tables, beside the application's own. The contract's records are plain data, kept as JSON. */
export class Tables {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(schema);
  }

  /** Runs work that never waits in one transaction: all of it, or nothing. */
  transaction<Result>(work: () => Result): Result {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** @returns how many rows changed */
  change(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#database.prepare(sql).run(...values).changes);
  }

  client(clientId: string): Client | undefined {
    const row = this.#database.prepare('SELECT record FROM oauth_clients WHERE client_id = ?').get(clientId);
    return row === undefined ? undefined : (JSON.parse(String(row['record'])) as Client);
  }

  /** Nothing is found for a user who has been disabled, which ends all of their tokens at once. */
  find<T extends Token>(hash: SecretHash, kind: T['kind']): Found<T> | undefined {
    const row = this.#database
      .prepare(
        `SELECT t.record, t.spent_at AS spentAt, g.generation - t.generation AS behind, g.rotated_at AS rotatedAt, g.retries
         FROM oauth_tokens t JOIN oauth_grants g USING (grant_id) JOIN users u ON u.id = g.user_id AND u.disabled = 0
         WHERE t.hash = ? AND t.kind = ?`,
      )
      .get(hash, kind);
    return row === undefined ? undefined : ({ ...row, record: JSON.parse(String(row['record'])) } as Found<T>);
  }

  /** Adds a code or token to its grant, which lives as long as anything of it. */
  add(hash: SecretHash, grantId: string, record: Token): void {
    this.change(
      'INSERT INTO oauth_tokens (hash, grant_id, generation, kind, record) SELECT ?, grant_id, generation, ?, ? FROM oauth_grants WHERE grant_id = ?',
      hash,
      record.kind,
      JSON.stringify(record),
      grantId,
    );
    this.change(
      'UPDATE oauth_grants SET expires_at = max(expires_at, ?) WHERE grant_id = ?',
      record.expiresAt,
      grantId,
    );
  }
}
