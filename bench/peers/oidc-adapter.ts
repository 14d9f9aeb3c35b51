import type { Query, Row, Store } from './store.ts';

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

const schema = ({ clustered }: Store) => [
  `CREATE TABLE models (
    model TEXT NOT NULL,
    id TEXT NOT NULL,
    payload TEXT NOT NULL,
    grant_id TEXT,
    uid TEXT,
    user_code TEXT,
    consumed_at BIGINT,
    expires_at BIGINT,
    PRIMARY KEY (model, id)
  )${clustered}`,
  'CREATE INDEX models_by_grant ON models (grant_id) WHERE grant_id IS NOT NULL',
  'CREATE INDEX models_by_uid ON models (uid) WHERE uid IS NOT NULL',
  'CREATE INDEX models_by_user_code ON models (user_code) WHERE user_code IS NOT NULL',
  'CREATE INDEX models_by_expiry ON models (expires_at)',
];

/**
 * Storage for `oidc-provider`, as lean as its adapter contract admits: one table, one prepared statement for each operation,
 * one durable commit for each write that the provider asks for.
 */
export async function createOidcAdapter(store: Store): Promise<new (model: string) => OidcAdapter> {
  await store.create(...schema(store));
  const statements = prepareStatements(store);
  return class extends OidcAdapter {
    constructor(model: string) {
      super(model, statements);
    }
  };
}

type Statements = Readonly<
  Record<'upsert' | 'find' | 'findByUid' | 'findByUserCode' | 'consume' | 'destroy' | 'revoke', Query>
>;

function prepareStatements(store: Store): Statements {
  const columns = 'SELECT payload, consumed_at, expires_at FROM models WHERE';
  return {
    upsert:
      store.prepare(`INSERT INTO models (model, id, payload, grant_id, uid, user_code, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`),
    find: store.prepare(`${columns} model = ? AND id = ?`),
    findByUid: store.prepare(`${columns} uid = ? AND model = ?`),
    findByUserCode: store.prepare(`${columns} user_code = ? AND model = ?`),
    consume: store.prepare('UPDATE models SET consumed_at = ? WHERE model = ? AND id = ?'),
    destroy: store.prepare('DELETE FROM models WHERE model = ? AND id = ?'),
    revoke: store.prepare('DELETE FROM models WHERE grant_id = ?'),
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
    await this.#statements.upsert(
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
    return payloadOf(await this.#statements.find(this.#model, id));
  }

  async findByUid(uid: string): Promise<Payload | undefined> {
    return payloadOf(await this.#statements.findByUid(uid, this.#model));
  }

  async findByUserCode(userCode: string): Promise<Payload | undefined> {
    return payloadOf(await this.#statements.findByUserCode(userCode, this.#model));
  }

  async consume(id: string): Promise<void> {
    await this.#statements.consume(seconds(), this.#model, id);
  }

  async destroy(id: string): Promise<void> {
    await this.#statements.destroy(this.#model, id);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await this.#statements.revoke(grantId);
  }
}

function payloadOf([row]: readonly Row[]): Payload | undefined {
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
