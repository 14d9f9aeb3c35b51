import type { DatabaseWithDialect } from './dialect.ts';
import { DatabaseError } from './errors.ts';
import type { SqliteOptions } from './sqlite.ts';
import { openSqlite } from './sqlite.ts';

/**
 * Opens the database that a setting names.
 * @param url a file path, `sqlite:` and a path, or `:memory:`
 * @throws DatabaseError when the setting names no engine of this version, or the database cannot be used
 */
export async function openDatabase(url: string, options: SqliteOptions = {}): Promise<DatabaseWithDialect> {
  return openSqlite(sqlitePath(url), options);
}

/**
 * The file of the database that a setting names, for what lies beside it; `undefined` where there is none.
 * @throws DatabaseError when the setting names no engine of this version
 */
export function databaseFile(url: string): string | undefined {
  const path = sqlitePath(url);
  return path === ':memory:' ? undefined : path;
}

function sqlitePath(url: string): string {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return existing(url);
    case 'sqlite':
      return existing(withoutAuthority(url.slice('sqlite:'.length)));
    case 'postgres':
    case 'postgresql':
      throw unsupported('PostgreSQL is not supported by this version yet');
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
  return new DatabaseError('unsupported', message, { hint: "use a file path, 'sqlite:' and a path, or ':memory:'" });
}
