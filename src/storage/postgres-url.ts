import { readFileSync } from 'node:fs';
import { DatabaseError } from './errors.ts';

/** Where PostgreSQL is, and how long to wait for it. Times are milliseconds. */
export interface PostgresSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  /** `undefined`: without TLS. */
  readonly tls: PostgresTls | undefined;
  /** Connections of this process at most. */
  readonly poolSize: number;
  /** For a connection, and for a free one of the pool. */
  readonly connectTimeout: number;
  /** For each statement, with its waiting for locks. */
  readonly statementTimeout: number;
}

/** How the server has to identify itself. */
export interface PostgresTls {
  readonly certificates: 'verified with the name' | 'verified without the name' | 'not verified';
  /** Certificates of the authorities that are trusted instead of Node's. */
  readonly authorities: string | undefined;
}

const knownParameters = new Set(['sslmode', 'sslrootcert', 'pool_size', 'connect_timeout', 'statement_timeout']);
const sslModes = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
const hint =
  'write postgres://user@host:5432/database, with sslmode, sslrootcert, pool_size, connect_timeout or statement_timeout after a question mark';

/**
 * Reads the address of a PostgreSQL database. Nothing that it throws repeats the address, which may hold a password.
 * @param environment for `PGPASSWORD`, where the address has no password
 * @throws DatabaseError `unsupported`
 */
export function parsePostgresUrl(
  address: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): PostgresSettings {
  const url = parse(address);
  for (const name of url.searchParams.keys()) {
    if (!knownParameters.has(name)) throw refused(`the database address has no parameter '${name}'`);
  }
  const host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1');
  if (host === '') throw refused('the database address names no host');
  const database = decode(url.pathname.slice(1));
  if (database === '' || database.includes('/')) throw refused('the database address names no database');
  const user = decode(url.username);
  if (user === '') throw refused('the database address names no user');
  const password = url.password === '' ? environment['PGPASSWORD'] : decode(url.password);
  return {
    host,
    port: url.port === '' ? 5432 : Number(url.port),
    user,
    password: password === undefined || password === '' ? undefined : password,
    database,
    tls: tlsOf(url, host),
    poolSize: wholeNumber(url, 'pool_size', 10, 1, 1000),
    connectTimeout: wholeNumber(url, 'connect_timeout', 5, 1, 300) * 1000,
    statementTimeout: wholeNumber(url, 'statement_timeout', 5, 1, 300) * 1000,
  };
}

/** The address as it may be shown: without password and parameters. */
export function postgresLabel({ host, port, user, database }: PostgresSettings): string {
  return `postgres://${encodeURIComponent(user)}@${host.includes(':') ? `[${host}]` : host}:${port}/${encodeURIComponent(database)}`;
}

function parse(address: string): URL {
  try {
    // Of a scheme that URL does not know, it leaves host names as they are.
    return new URL(address);
  } catch {
    throw refused(
      'the database address is not a URL (special characters of a password are written as %40 and the like)',
    );
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw refused('the database address has a % that encodes nothing');
  }
}

function tlsOf(url: URL, host: string): PostgresTls | undefined {
  const mode = one(url, 'sslmode') ?? (isLoopback(host) ? 'disable' : 'verify-full');
  const file = one(url, 'sslrootcert');
  switch (mode) {
    case 'disable':
      if (file !== undefined) throw refused('sslrootcert is of no use with sslmode=disable');
      return undefined;
    case 'require':
      if (file !== undefined) throw refused('sslmode=require verifies nothing; with sslrootcert, set verify-full');
      return { certificates: 'not verified', authorities: undefined };
    case 'verify-ca':
      return { certificates: 'verified without the name', authorities: authoritiesIn(file) };
    case 'verify-full':
      return { certificates: 'verified with the name', authorities: authoritiesIn(file) };
    default:
      throw refused(`sslmode is one of ${sslModes.join(', ')}`);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function authoritiesIn(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new DatabaseError('unreachable', `cannot read the certificates of sslrootcert: ${(error as Error).message}`, {
      hint: 'name a file with certificates in PEM form that this user may read',
    });
  }
}

function wholeNumber(url: URL, name: string, preset: number, least: number, most: number): number {
  const text = one(url, name);
  if (text === undefined) return preset;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw refused(`${name} of the database address is a whole number from ${least} to ${most}`);
}

function one(url: URL, name: string): string | undefined {
  const values = url.searchParams.getAll(name);
  if (values.length > 1) throw refused(`the database address has more than one ${name}`);
  return values[0];
}

function refused(message: string): DatabaseError {
  return new DatabaseError('unsupported', message, { hint });
}
