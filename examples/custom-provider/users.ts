import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';

const derive = promisify<string, Uint8Array, number, Buffer>(scrypt);
const nobody = { id: 0, salt: randomBytes(16), password_hash: randomBytes(32) };

/** The users of an application that was there before: its own table, its own password hashes. */
export class Users {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(`CREATE TABLE IF NOT EXISTS users (
      id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, salt BLOB NOT NULL, password_hash BLOB NOT NULL, disabled INTEGER NOT NULL DEFAULT 0
    ) STRICT`);
  }

  async add(email: string, password: string): Promise<void> {
    const salt = randomBytes(16);
    const hash = await derive(password, salt, 32);
    this.#database.prepare('INSERT INTO users (email, salt, password_hash) VALUES (?, ?, ?)').run(email, salt, hash);
  }

  disable(email: string): void {
    this.#database.prepare('UPDATE users SET disabled = 1 WHERE email = ?').run(email);
  }

  /** The id of the user with this password. Users that do not exist take the same work. */
  async signIn(email: string, password: string): Promise<number | undefined> {
    const find = this.#database.prepare('SELECT id, salt, password_hash FROM users WHERE email = ? AND disabled = 0');
    const user = (find.get(email) ?? nobody) as typeof nobody;
    const matches = timingSafeEqual(await derive(password.slice(0, 200), user.salt, 32), user.password_hash);
    return matches && user !== nobody ? user.id : undefined;
  }
}
