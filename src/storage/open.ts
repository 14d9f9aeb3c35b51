import type { DatabaseWithDialect } from './dialect.ts';
import { DatabaseError } from './errors.ts';
import { openPostgres } from './postgres.ts';
import { parsePostgresUrl, postgresLabel } from './postgres-url.ts';
import type { SqliteOptions } from './sqlite.ts';
import { openSqlite } from './sqlite.ts';

/**
 * Opens the database that a setting names.
 * @param url a file path, `sqlite:` and a path, `:memory:`, or `postgres://user@host/database`
 * @param options for SQLite
 * @throws DatabaseError when the setting names no engine of this version, or the database cannot be used
 */
export async function openDatabase(url: string, options: SqliteOptions = {}): Promise<DatabaseWithDialect> {
  const engine = engineOf(url);
  return engine.name === 'postgres' ? openPostgres(url) : openSqlite(engine.path, options);
}

/**
 * The file of the database that a setting names, for what lies beside it; `undefined` where there is none.
 * @throws DatabaseError when the setting names no engine of this version
 */
export function databaseFile(url: string): string | undefined {
  const engine = engineOf(url);
  return engine.name === 'postgres' || engine.path === ':memory:' ? undefined : engine.path;
}

/** Whether what the setting names is gone when the process ends. */
export function vanishesWithProcess(url: string): boolean {
  const engine = engineOf(url);
  return engine.name === 'sqlite' && engine.path === ':memory:';
}

/**
 * The setting as it may be shown: an address without its password and parameters.
 * @throws DatabaseError when the setting names no engine of this version
 */
export function databaseLabel(url: string): string {
  return engineOf(url).name === 'postgres' ? postgresLabel(parsePostgresUrl(url)) : url;
}

type Engine = { readonly name: 'sqlite'; readonly path: string } | { readonly name: 'postgres' };

function engineOf(url: string): Engine {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return { name: 'sqlite', path: existing(url) };
    case 'sqlite':
      return { name: 'sqlite', path: existing(withoutAuthority(url.slice('sqlite:'.length))) };
    case 'postgres':
    case 'postgresql':
      return { name: 'postgres' };
    default:
      throw unsupported(`no database engine is called '${scheme}'`);
  }
}

function existing(path: string): string {
  if (path.trim() === '') throw unsupported('the database setting is empty');
  if (path.includes('\0')) throw unsupported('the database path contains a NUL character');
  return path;
}

function withoutAuthority(path: string): string {
  if (!path.startsWith('//')) return path;
  if (path.startsWith('///')) return path.slice('//'.length);
  throw unsupported(
    `'sqlite://' is followed by an absolute path ('sqlite:///var/lib/…'); write 'sqlite:…' for a relative one`,
  );
}

function unsupported(message: string): DatabaseError {
  return new DatabaseError('unsupported', message, {
    hint: "use a file path, 'sqlite:' and a path, ':memory:', or 'postgres://user@host/database'",
  });
}
