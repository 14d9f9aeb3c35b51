/** Every way in which a database can fail its caller; fixed text, so that logs can be searched for it. */
export const databaseErrorCodes = [
  'busy',
  'full',
  'io',
  'readonly',
  'corrupt',
  'unreachable',
  'constraint',
  'statement',
  'closed',
  'unsupported',
  'migration',
] as const;

export type DatabaseErrorCode = (typeof databaseErrorCodes)[number];

export interface DatabaseErrorOptions {
  /** For the operator: what to do about it. */
  readonly hint: string;
  /** The SQL text that failed; it holds placeholders, never values. */
  readonly sql?: string | undefined;
  readonly cause?: unknown;
}

const retryAfterSeconds: Readonly<Partial<Record<DatabaseErrorCode, number>>> = {
  busy: 1,
  full: 10,
  io: 10,
  readonly: 10,
  unreachable: 10,
  closed: 10,
};

/** A failure of the database: one line in `message` for the log, `hint` for the operator. Nothing in it is for a client. */
export class DatabaseError extends Error {
  override readonly name: string = 'DatabaseError';
  readonly code: DatabaseErrorCode;
  readonly hint: string;
  readonly sql: string | undefined;
  /** When to try again, where the cause may pass by itself or by an operator's hand while the server runs. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: DatabaseErrorCode, message: string, options: DatabaseErrorOptions) {
    super(message.replace(/\s+/g, ' '), { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.sql = options.sql;
    this.retryAfterSeconds = retryAfterSeconds[code];
  }
}

/** Another process held the write lock for longer than the busy timeout. Nothing was written; trying again is safe. */
export class DatabaseBusyError extends DatabaseError {
  override readonly name = 'DatabaseBusyError';

  constructor(message: string, options: DatabaseErrorOptions) {
    super('busy', message, options);
  }
}
