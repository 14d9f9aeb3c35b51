import { createHash } from 'node:crypto';
import {
  closeSync,
  cpSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { portcullis } from './contenders.ts';
import { startServer, type Workshop } from './startup.ts';

const day = 86_400_000;

/** How many rows of each kind a number of live grants comes with. */
function population(grants: number) {
  return {
    grants,
    clients: Math.max(1, Math.round(grants / 200)),
    users: Math.max(1, Math.round(grants / 10)),
    spentCodes: Math.round(grants / 10),
  };
}

/**
 * A folder with a database that holds so many live grants: each with a refresh token, a tenth with a code spent within the
 * last day, a tenth as many users, each signed in. Made once for each schema and kept, because a million takes a while.
 * @param templates where such folders are kept
 */
export async function grantsTemplate(grants: number, templates: string, workshop: Workshop): Promise<string> {
  const draft = join(templates, `draft-${process.pid}`);
  mkdirSync(draft, { recursive: true });
  const server = await startServer(portcullis, workshop, draft);
  await server.stop();
  const database = new DatabaseSync(join(draft, 'portcullis.db'));
  const template = join(templates, `grants-${grants}-${schemaHash(database)}`);
  try {
    if (!existsSync(template)) fill(database, grants);
  } finally {
    database.close();
  }
  if (existsSync(template)) rmSync(draft, { recursive: true });
  else renameSync(draft, template);
  return template;
}

/** Copies a template, and waits until the copy is on the disk, so that writing it does not disturb what is measured. */
export function copyTemplate(template: string, folder: string): void {
  cpSync(template, folder, { recursive: true });
  for (const file of readdirSync(folder)) {
    const descriptor = openSync(join(folder, file), 'r+');
    fsyncSync(descriptor);
    closeSync(descriptor);
  }
}

function schemaHash(database: DatabaseSync): string {
  const schema = database.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name').all();
  return createHash('sha256').update(JSON.stringify(schema)).digest('hex').slice(0, 12);
}

/** In SQL alone, indexes last: rows made in JavaScript would take minutes. */
function fill(database: DatabaseSync, count: number): void {
  const now = Date.now();
  const { grants, clients, users, spentCodes } = population(count);
  database.exec(
    'PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -1000000; PRAGMA temp_store = MEMORY',
  );
  const indexes = database
    .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
    .all();
  database.exec('BEGIN');
  for (const { name } of indexes) database.exec(`DROP INDEX ${String(name)}`);
  const insert = (table: string, rows: number, columns: Readonly<Record<string, string>>) => {
    const names = Object.keys(columns).join(', ');
    database.exec(`INSERT INTO ${table} (${names}) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
      SELECT ${Object.values(columns).join(', ')} FROM n`);
  };
  const id = (kind: string, index: string) => `printf('${kind}%021d', ${index})`;
  const hash = 'substr(hex(randomblob(22)), 1, 43)';
  const past = (span: number) => `${now} - abs(random()) % ${span}`;
  const future = (span: number) => `${now} + ${day} + abs(random()) % ${span}`;
  insert('clients', clients, {
    client_id: id('c', 'i'),
    registered_by: "'dynamic'",
    issued_at: past(30 * day),
    last_used_at: String(now),
    metadata: `'${JSON.stringify({
      tokenEndpointAuthMethod: 'none',
      redirectUris: ['https://client.example/callback'],
      grantTypes: ['authorization_code', 'refresh_token'],
      responseTypes: ['code'],
      scopes: ['mcp:tools'],
      clientName: 'seeded',
    })}'`,
  });
  insert('users', users, {
    user_id: id('u', 'i'),
    user_name: "'user' || i",
    user_key: "'user' || i",
    display_name: "'User ' || i",
    role: "'user'",
    status: "'active'",
    password_hash:
      "'$argon2id$v=19$m=19456,t=2,p=1$c2VlZGVkc2VlZGVkc2VlZA$c2VlZGVkc2VlZGVkc2VlZGVkc2VlZGVkc2VlZGVkc2VlZA'",
    password_changed_at: String(now),
    created_at: past(300 * day),
  });
  insert('sessions', users, {
    session_hash: hash,
    user_id: id('u', 'i'),
    authenticated_at: past(day),
    last_seen_at: past(day),
    expires_at: future(7 * day),
  });
  insert('grants', grants, {
    grant_id: id('g', 'i'),
    client_id: id('c', `1 + abs(random()) % ${clients}`),
    subject: id('u', `1 + abs(random()) % ${users}`),
    scopes: `'["mcp:tools"]'`,
    resource: "'http://127.0.0.1/mcp'",
    authenticated_at: past(30 * day),
    approved_at: past(30 * day),
    redeemed_at: past(30 * day),
    last_used_at: past(30 * day),
    expires_at: future(30 * day),
  });
  // As the product makes them: in the order of their time, and before all that are made from now on.
  database.exec(`UPDATE grants SET grant_id = printf('0%08d', rowid) || substr(hex(randomblob(11)), 1, 22)`);
  insert('authorization_codes', spentCodes, {
    code_hash: hash,
    grant_id: `(SELECT grant_id FROM grants WHERE rowid = i)`,
    redirect_uri: "'https://client.example/callback'",
    redirect_uri_was_sent: '1',
    code_challenge: hash,
    expires_at: past(day),
    spent_at: past(day),
    spent_by: 'substr(hex(randomblob(11)), 1, 22)',
  });
  database.exec(`INSERT INTO refresh_tokens (token_hash, grant_id, generation, issued_at, expires_at)
    SELECT ${hash}, grant_id, 0, last_used_at, expires_at FROM grants`);
  for (const { sql } of indexes) database.exec(String(sql));
  database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
}
