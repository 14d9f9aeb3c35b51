import type { Row, SqlValue } from '../core/database.ts';
import { DatabaseError } from './errors.ts';
import type { PostgresStatement } from './postgres-statements.ts';

/** What this needs of the connection of `pg`: the messages of the extended query protocol. */
export interface WireConnection {
  readonly stream: { cork?(): void; uncork?(): void };
  close(message: { type: 'S'; name: string }): void;
  parse(message: { name: string; text: string; types: number[] }): void;
  describe(message: { type: 'S'; name: string }): void;
  bind(message: { portal: string; statement: string; values: unknown[] }): void;
  execute(message: { portal: string; rows: number }): void;
  sync(): void;
}

interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

/** What one session has prepared: the fields of each statement's rows, by its name. */
export type PreparedStatements = Map<string, readonly Field[]>;

/** An error with the statement that it is about. */
export interface BatchFailure {
  readonly error: unknown;
  readonly statement: PostgresStatement | undefined;
}

/**
 * Statements that are sent at once and answered at once: one round trip, however many they are. The server leaves out
 * whatever follows a statement that failed. `pg` calls the methods as the answers come in (its `Submittable`).
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
export class PostgresBatch {
  readonly #statements: readonly PostgresStatement[];
  readonly #prepared: PreparedStatements;
  readonly #fields: (readonly Field[] | undefined)[];
  readonly #rows: Row[][];
  #current = 0;
  #settled = false;
  #unreadable: BatchFailure | undefined;
  #resolve: (rows: Row[][]) => void = () => {};
  #reject: (failure: BatchFailure) => void = () => {};
  readonly outcome: Promise<Row[][]>;

  constructor(statements: readonly PostgresStatement[], prepared: PreparedStatements) {
    this.#statements = statements;
    this.#prepared = prepared;
    this.#fields = statements.map(({ name }) => (name === '' ? undefined : prepared.get(name)));
    this.#rows = statements.map(() => []);
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: WireConnection): void {
    const sent = new Set<string>();
    connection.stream.cork?.();
    for (const [index, { name, text, values }] of this.#statements.entries()) {
      if (this.#fields[index] === undefined && !sent.has(name)) {
        // One that failed here before may be prepared all the same.
        if (name !== '') connection.close({ type: 'S', name });
        connection.parse({ name, text, types: [] });
        connection.describe({ type: 'S', name });
        if (name !== '') sent.add(name);
      }
      connection.bind({ portal: '', statement: name, values: [...values] });
      connection.execute({ portal: '', rows: 0 });
    }
    connection.sync();
    connection.stream.uncork?.();
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    this.#fields[this.#current] = fields;
  }

  handleDataRow({ fields: values }: { readonly fields: readonly (string | null)[] }): void {
    const row: Record<string, SqlValue> = {};
    try {
      for (const [index, { name, dataTypeID }] of this.#currentFields().entries()) {
        row[name] = decoded(values[index] ?? null, dataTypeID);
      }
    } catch (error) {
      this.#unreadable ??= { error, statement: this.#statements[this.#current] };
    }
    this.#rows[this.#current]?.push(row);
  }

  handleCommandComplete(): void {
    const name = this.#statements[this.#current]?.name ?? '';
    if (name !== '') this.#prepared.set(name, this.#currentFields());
    this.#current += 1;
  }

  handleReadyForQuery(): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.#unreadable === undefined) this.#resolve(this.#rows);
    else this.#reject(this.#unreadable);
  }

  handleError(error: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#reject({ error, statement: this.#statements[this.#current] });
  }

  handleEmptyQuery(): void {
    this.#current += 1;
  }

  handlePortalSuspended(): void {}

  handleCopyInResponse(): void {}

  handleCopyData(): void {}

  /** Of a statement that is twice in a batch, only the first one is described. */
  #currentFields(): readonly Field[] {
    const name = this.#statements[this.#current]?.name ?? '';
    return this.#fields[this.#current] ?? (name === '' ? undefined : this.#prepared.get(name)) ?? [];
  }
}

const integers: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 1700]);
const booleans = 16;
const bytes = 17;

function decoded(text: string | null, type: number): SqlValue {
  if (text === null) return null;
  if (integers.has(type)) return numberOf(text);
  if (type === booleans) return text === 't' ? 1 : 0;
  return type === bytes ? new Uint8Array(Buffer.from(text.slice(2), 'hex')) : text;
}

function numberOf(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) {
    const hint = 'this is a fault in the program, or of whoever else writes to the database';
    throw new DatabaseError('statement', 'PostgreSQL: a whole number is too large for JavaScript', { hint });
  }
  return number;
}
