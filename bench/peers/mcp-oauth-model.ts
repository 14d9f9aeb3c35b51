import type { DatabaseSync } from 'node:sqlite';
import type { AccessToken, AuthorizationCode, OAuthServerModel, RefreshToken } from 'mcp-oauth-server';

type Client = NonNullable<Awaited<ReturnType<OAuthServerModel['getClient']>>>;

const schema = `CREATE TABLE IF NOT EXISTS clients (client_id TEXT PRIMARY KEY, client TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS codes (code TEXT PRIMARY KEY, client_id TEXT NOT NULL, record TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS access_tokens (token TEXT PRIMARY KEY, client_id TEXT NOT NULL, grant_id TEXT, record TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS refresh_tokens (token TEXT PRIMARY KEY, client_id TEXT NOT NULL, grant_id TEXT, record TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS access_tokens_by_grant ON access_tokens (grant_id);
CREATE INDEX IF NOT EXISTS refresh_tokens_by_grant ON refresh_tokens (grant_id)`;

/** Storage for `mcp-oauth-server` on `node:sqlite`, with the statements that its documentation shows, each prepared once. */
export function createModel(database: DatabaseSync): OAuthServerModel {
  database.exec(schema);
  const getClient = database.prepare('SELECT client AS record FROM clients WHERE client_id = ?');
  const addClient = database.prepare('INSERT INTO clients (client_id, client) VALUES (?, ?)');
  const saveCode = database.prepare('INSERT INTO codes (code, client_id, record) VALUES (?, ?, ?)');
  const consumeCode = database.prepare('DELETE FROM codes WHERE code = ? AND client_id = ? RETURNING record');
  const saveAccess = database.prepare(
    'INSERT INTO access_tokens (token, client_id, grant_id, record) VALUES (?, ?, ?, ?)',
  );
  const getAccess = database.prepare('SELECT record FROM access_tokens WHERE token = ?');
  const endAccess = database.prepare('DELETE FROM access_tokens WHERE token = ? AND client_id = ? RETURNING record');
  const saveRefresh = database.prepare(
    'INSERT INTO refresh_tokens (token, client_id, grant_id, record) VALUES (?, ?, ?, ?)',
  );
  const endRefresh = database.prepare('DELETE FROM refresh_tokens WHERE token = ? AND client_id = ? RETURNING record');
  const endAccessOfGrant = database.prepare('DELETE FROM access_tokens WHERE grant_id = ?');
  const endRefreshOfGrant = database.prepare('DELETE FROM refresh_tokens WHERE grant_id = ?');
  return {
    getClient: async (id) => parse<Client>(getClient.get(id)),
    async registerClient(metadata) {
      const client = metadata as Client;
      addClient.run(client.client_id, JSON.stringify(client));
      return client;
    },
    async saveAuthorizationCode(code) {
      saveCode.run(code.authorizationCode, code.clientId, JSON.stringify(code));
    },
    consumeAuthorizationCode: async (code, clientId) =>
      dated(parse<AuthorizationCode>(consumeCode.get(code, clientId))),
    async saveAccessToken(token) {
      saveAccess.run(token.token, token.clientId, token.grantId ?? null, JSON.stringify(token));
    },
    getAccessToken: async (token) => dated(parse<AccessToken>(getAccess.get(token))),
    revokeAccessToken: async (token, clientId) => dated(parse<AccessToken>(endAccess.get(token, clientId))),
    async saveRefreshToken(token) {
      saveRefresh.run(token.token, token.clientId, token.grantId ?? null, JSON.stringify(token));
    },
    consumeRefreshToken: async (token, clientId) => dated(parse<RefreshToken>(endRefresh.get(token, clientId))),
    revokeRefreshToken: async (token, clientId) => dated(parse<RefreshToken>(endRefresh.get(token, clientId))),
    async revokeGrant(grantId) {
      endAccessOfGrant.run(grantId);
      endRefreshOfGrant.run(grantId);
    },
  };
}

function parse<Value>(row: Record<string, unknown> | undefined): Value | undefined {
  return row === undefined ? undefined : (JSON.parse(row['record'] as string) as Value);
}

function dated<Value extends { expiresAt: Date }>(record: Value | undefined): Value | undefined {
  return record === undefined ? undefined : { ...record, expiresAt: new Date(record.expiresAt) };
}
