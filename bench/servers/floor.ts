import { generateKeyPairSync, hash, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { serve } from './serve.ts';

const times = 2000;

/**
 * What nothing that does the same work on this machine can go below: a form read and answered by bare `node:http`, and, on
 * its metadata path, the microseconds of one signature, one hash and one durable commit alone and shared.
 */
await serve(async (_baseUrl, folder) => {
  const bare = createServer((req, res) => {
    if (req.method === 'GET') return res.end(JSON.stringify(floors(folder)));
    const chunks: Buffer[] = [];
    req
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const form = new URLSearchParams(Buffer.concat(chunks).toString());
        res.setHeader('content-type', 'application/json').setHeader('cache-control', 'no-store');
        res.end(JSON.stringify({ access_token: form.get('code'), token_type: 'Bearer', expires_in: 600 }));
      });
  });
  return { listener: (req, res) => bare.emit('request', req, res), metadataPath: '/floors' };
});

function floors(folder: string): Record<string, number> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const token = Buffer.alloc(450, 'x');
  const database = new DatabaseSync(join(folder, 'floor.db'));
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS t (a TEXT PRIMARY KEY) STRICT',
  );
  const insert = database.prepare('INSERT INTO t VALUES (?)');
  let last = 0;
  const commit = (rows: number) => {
    database.exec('BEGIN IMMEDIATE');
    for (let row = 0; row < rows; row += 1) insert.run(`${process.hrtime.bigint()}-${last++}`);
    database.exec('COMMIT');
  };
  const result = {
    'one Ed25519 signature': microseconds(() => sign(null, token, privateKey)),
    'one SHA-256 of a token': microseconds(() => hash('sha256', token, 'base64url')),
    'one durable commit of one row': microseconds(() => commit(1)),
    'one row of sixteen in one durable commit': microseconds(() => commit(16)) / 16,
  };
  database.close();
  return result;
}

function microseconds(work: () => void): number {
  for (let round = 0; round < times / 10; round += 1) work();
  const start = process.hrtime.bigint();
  for (let round = 0; round < times; round += 1) work();
  return Number(process.hrtime.bigint() - start) / 1000 / times;
}
