import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Models whose rows go when their grant is revoked. */
const grantable = new Set([
  'AccessToken',
  'AuthorizationCode',
  'RefreshToken',
  'DeviceCode',
  'BackchannelAuthenticationRequest',
]);

export type Payload = Record<string, unknown> & {
  grantId?: string;
  uid?: string;
  userCode?: string;
  consumed?: number;
};

const schema = `CREATE TABLE IF NOT EXISTS models (
  model TEXT NOT NULL,
  id TEXT NOT NULL,
  payload TEXT NOT NULL,
  grant_id TEXT,
  uid TEXT,
  user_code TEXT,
  consumed_at INTEGER,
  expires_at INTEGER,
  PRIMARY KEY (model, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS models_by_grant ON models (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS models_by_uid ON models (uid) WHERE uid IS NOT NULL;
CREATE INDEX IF NOT EXISTS models_by_user_code ON models (user_code) WHERE user_code IS NOT NULL;
CREATE INDEX IF NOT EXISTS models_by_expiry ON models (expires_at)`;

/**
 * Storage for `oidc-provider` on `node:sqlite`, as lean as its adapter contract admits: one table, one prepared statement
 * for each operation, one durable commit for each write that the provider asks for.
 */
export function createOidcAdapter(database: DatabaseSync): new (model: string) => OidcAdapter {
  database.exec(schema);
  const statements = prepareStatements(database);
  return class extends OidcAdapter {
    constructor(model: string) {
      super(model, statements);
    }
  };
}

type Statements = Readonly<
  Record<'upsert' | 'find' | 'findByUid' | 'findByUserCode' | 'consume' | 'destroy' | 'revoke', StatementSync>
>;

function prepareStatements(database: DatabaseSync): Statements {
  const columns = 'SELECT payload, consumed_at, expires_at FROM models WHERE';
  return {
    upsert:
      database.prepare(`INSERT INTO models (model, id, payload, grant_id, uid, user_code, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`),
    find: database.prepare(`${columns} model = ? AND id = ?`),
    findByUid: database.prepare(`${columns} uid = ? AND model = ?`),
    findByUserCode: database.prepare(`${columns} user_code = ? AND model = ?`),
    consume: database.prepare('UPDATE models SET consumed_at = ? WHERE model = ? AND id = ?'),
    destroy: database.prepare('DELETE FROM models WHERE model = ? AND id = ?'),
    revoke: database.prepare('DELETE FROM models WHERE grant_id = ?'),
  };
}

class OidcAdapter {
  readonly #model: string;
  readonly #statements: Statements;

  constructor(model: string, statements: Statements) {
    this.#model = model;
    this.#statements = statements;
  }

  async upsert(id: string, payload: Payload, expiresIn?: number): Promise<void> {
    const grantId = grantable.has(this.#model) ? payload.grantId : undefined;
    this.#statements.upsert.run(
      this.#model,
      id,
      JSON.stringify(payload),
      grantId ?? null,
      payload.uid ?? null,
      payload.userCode ?? null,
      expiresIn === undefined ? null : seconds() + expiresIn,
    );
  }

  async find(id: string): Promise<Payload | undefined> {
    return payloadOf(this.#statements.find.get(this.#model, id));
  }

  async findByUid(uid: string): Promise<Payload | undefined> {
    return payloadOf(this.#statements.findByUid.get(uid, this.#model));
  }

  async findByUserCode(userCode: string): Promise<Payload | undefined> {
    return payloadOf(this.#statements.findByUserCode.get(userCode, this.#model));
  }

  async consume(id: string): Promise<void> {
    this.#statements.consume.run(seconds(), this.#model, id);
  }

  async destroy(id: string): Promise<void> {
    this.#statements.destroy.run(this.#model, id);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    this.#statements.revoke.run(grantId);
  }
}

function payloadOf(row: Record<string, unknown> | undefined): Payload | undefined {
  if (row === undefined) return undefined;
  const expiresAt = row['expires_at'] as number | null;
  if (expiresAt !== null && expiresAt <= seconds()) return undefined;
  const payload = JSON.parse(row['payload'] as string) as Payload;
  const consumedAt = row['consumed_at'] as number | null;
  return consumedAt === null ? payload : { ...payload, consumed: consumedAt };
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
