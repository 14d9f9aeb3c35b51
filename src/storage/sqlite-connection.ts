import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, readlinkSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DatabaseBusyError, DatabaseError } from './errors.ts';
import { hints, sqliteError } from './sqlite-errors.ts';

const oldestSafeVersion = '3.51.3';
const journalSizeLimit = 64 * 1024 * 1024;

/**
 * Opens a durable SQLite connection: WAL, every commit synced, foreign keys enforced. A new file is created with
 * mode 0600, in directories created with mode 0700.
 * @param path a file path, or `:memory:`
 * @param busyTimeout milliseconds to wait for another process' lock
 * @throws DatabaseError naming the path when it cannot be used
 */
export function openSqliteConnection(path: string, busyTimeout: number): DatabaseSync {
  const location = path === ':memory:' ? path : resolve(path);
  let connection: DatabaseSync | undefined;
  try {
    refuseUnsafeSqlite();
    if (location !== ':memory:') {
      createPrivately(location);
      refuseReadOnly(location);
    }
    connection = new DatabaseSync(location, { timeout: busyTimeout });
    configure(connection, location);
    return connection;
  } catch (error) {
    connection?.close();
    throw located(error, location);
  }
}

/**
 * Refuses SQLite releases that can corrupt a database in WAL mode.
 * @param version as `sqlite_version()` answers
 * @throws DatabaseError `unsupported`
 * @see https://sqlite.org/releaselog/3_51_3.html
 */
export function assertSafeSqliteVersion(version: string): void {
  if (version.localeCompare(oldestSafeVersion, 'en', { numeric: true }) >= 0) return;
  throw new DatabaseError(
    'unsupported',
    `SQLite ${version} can corrupt a database in WAL mode; ${oldestSafeVersion} or newer is required`,
    {
      hint: 'run Node 24.15 or newer as released by nodejs.org, or link it with a newer SQLite',
    },
  );
}

function refuseUnsafeSqlite(): void {
  const probe = new DatabaseSync(':memory:');
  try {
    assertSafeSqliteVersion(String(probe.prepare('SELECT sqlite_version() AS version').get()?.version));
  } finally {
    probe.close();
  }
}

/** Only ever creates: closing a second descriptor of a file that this process has open would drop SQLite's locks on it. */
function createPrivately(location: string): void {
  mkdirSync(dirname(location), { recursive: true, mode: 0o700 });
  createFile(location);
  // A link to what is not there yet: SQLite would make it, readable by everybody.
  if (!existsSync(location)) createFile(resolve(dirname(location), readlinkSync(location)));
}

// SQLite would open it all the same, and only the first write would fail.
function refuseReadOnly(location: string): void {
  try {
    accessSync(location, constants.W_OK);
  } catch (error) {
    throw new DatabaseError('readonly', 'this user may not write it', { hint: hints.readonly, cause: error });
  }
}

function createFile(location: string): void {
  try {
    closeSync(openSync(location, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function configure(connection: DatabaseSync, location: string): void {
  const mode = connection.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
  if (mode !== 'wal' && location !== ':memory:') {
    throw new DatabaseError(
      'unsupported',
      `SQLite cannot use a write-ahead log here (journal mode '${String(mode)}')`,
      {
        hint: 'put the database on a local disk, not on a network file system',
      },
    );
  }
  connection.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON');
  connection.exec(`PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = ${journalSizeLimit}`);
}

function located(error: unknown, location: string): DatabaseError {
  const line = (reason: string) => `cannot open the database ${location}: ${reason}`;
  if (isFileSystemError(error)) {
    const hint = 'check that the path is a file, that its directory can be created, and that this user may write there';
    return new DatabaseError('unreachable', line(error.message), { hint, cause: error });
  }
  const { code, message, hint, cause } = sqliteError(error);
  if (code === 'busy') return new DatabaseBusyError(line(message), { hint, cause });
  return new DatabaseError(code, line(message), { hint, cause });
}

function isFileSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
