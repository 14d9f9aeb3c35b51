import type { AccessToken, AuthorizationCode, OAuthServerModel, RefreshToken } from 'mcp-oauth-server';
import type { Row, Store } from './store.ts';

type Client = NonNullable<Awaited<ReturnType<OAuthServerModel['getClient']>>>;

const schema = [
  'CREATE TABLE clients (client_id TEXT PRIMARY KEY, client TEXT NOT NULL)',
  'CREATE TABLE codes (code TEXT PRIMARY KEY, client_id TEXT NOT NULL, record TEXT NOT NULL)',
  'CREATE TABLE access_tokens (token TEXT PRIMARY KEY, client_id TEXT NOT NULL, grant_id TEXT, record TEXT NOT NULL)',
  'CREATE TABLE refresh_tokens (token TEXT PRIMARY KEY, client_id TEXT NOT NULL, grant_id TEXT, record TEXT NOT NULL)',
  'CREATE INDEX access_tokens_by_grant ON access_tokens (grant_id)',
  'CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (grant_id)',
];

/** Storage for `mcp-oauth-server`, with the statements that its documentation shows, each prepared once. */
export async function createModel(store: Store): Promise<OAuthServerModel> {
  await store.create(...schema);
  const getClient = store.prepare('SELECT client AS record FROM clients WHERE client_id = ?');
  const addClient = store.prepare('INSERT INTO clients (client_id, client) VALUES (?, ?)');
  const saveCode = store.prepare('INSERT INTO codes (code, client_id, record) VALUES (?, ?, ?)');
  const consumeCode = store.prepare('DELETE FROM codes WHERE code = ? AND client_id = ? RETURNING record');
  const saveAccess = store.prepare(
    'INSERT INTO access_tokens (token, client_id, grant_id, record) VALUES (?, ?, ?, ?)',
  );
  const getAccess = store.prepare('SELECT record FROM access_tokens WHERE token = ?');
  const endAccess = store.prepare('DELETE FROM access_tokens WHERE token = ? AND client_id = ? RETURNING record');
  const saveRefresh = store.prepare(
    'INSERT INTO refresh_tokens (token, client_id, grant_id, record) VALUES (?, ?, ?, ?)',
  );
  const endRefresh = store.prepare('DELETE FROM refresh_tokens WHERE token = ? AND client_id = ? RETURNING record');
  const endAccessOfGrant = store.prepare('DELETE FROM access_tokens WHERE grant_id = ?');
  const endRefreshOfGrant = store.prepare('DELETE FROM refresh_tokens WHERE grant_id = ?');
  return {
    getClient: async (id) => parse<Client>(await getClient(id)),
    async registerClient(metadata) {
      const client = metadata as Client;
      await addClient(client.client_id, JSON.stringify(client));
      return client;
    },
    async saveAuthorizationCode(code) {
      await saveCode(code.authorizationCode, code.clientId, JSON.stringify(code));
    },
    consumeAuthorizationCode: async (code, clientId) =>
      dated(parse<AuthorizationCode>(await consumeCode(code, clientId))),
    async saveAccessToken(token) {
      await saveAccess(token.token, token.clientId, token.grantId ?? null, JSON.stringify(token));
    },
    getAccessToken: async (token) => dated(parse<AccessToken>(await getAccess(token))),
    revokeAccessToken: async (token, clientId) => dated(parse<AccessToken>(await endAccess(token, clientId))),
    async saveRefreshToken(token) {
      await saveRefresh(token.token, token.clientId, token.grantId ?? null, JSON.stringify(token));
    },
    consumeRefreshToken: async (token, clientId) => dated(parse<RefreshToken>(await endRefresh(token, clientId))),
    revokeRefreshToken: async (token, clientId) => dated(parse<RefreshToken>(await endRefresh(token, clientId))),
    async revokeGrant(grantId) {
      await endAccessOfGrant(grantId);
      await endRefreshOfGrant(grantId);
    },
  };
}

function parse<Value>([row]: readonly Row[]): Value | undefined {
  return row === undefined ? undefined : (JSON.parse(row['record'] as string) as Value);
}

function dated<Value extends { expiresAt: Date }>(record: Value | undefined): Value | undefined {
  return record === undefined ? undefined : { ...record, expiresAt: new Date(record.expiresAt) };
}
