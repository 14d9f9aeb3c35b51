import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { hashSecret } from '../../../src/core/hash.ts';

/** What the file itself says, beside the server or after it: of what was never answered, nobody else can tell. */
export class Stored {
  readonly #path: string;

  constructor(directory: string) {
    this.#path = join(directory, 'data', 'portcullis.db');
  }

  /** Everything that SQLite finds wrong with the file. */
  faults(): readonly unknown[] {
    const integrity = this.#ask('PRAGMA integrity_check').filter((row) => row['integrity_check'] !== 'ok');
    return [...integrity, ...this.#ask('PRAGMA foreign_key_check')];
  }

  /** Whether a redemption of this code was committed. */
  isSpent(code: string): boolean {
    const found = 'SELECT 1 FROM authorization_codes WHERE code_hash = ? AND spent_at IS NOT NULL';
    return this.#ask(found, hashSecret(code)).length > 0;
  }

  /** Whether a rotation of this refresh token was committed. */
  isRotated(token: string): boolean {
    const found = `SELECT 1 FROM refresh_tokens t JOIN grants g ON g.grant_id = t.grant_id
       WHERE t.token_hash = ? AND t.generation < g.generation`;
    return this.#ask(found, hashSecret(token)).length > 0;
  }

  #ask(sql: string, ...values: SQLInputValue[]) {
    const database = new DatabaseSync(this.#path, { readOnly: true, timeout: 5000 });
    try {
      return database.prepare(sql).all(...values);
    } finally {
      database.close();
    }
  }
}
