import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { SqlValue, Statement } from '../core/database.ts';
import { DatabaseError } from './errors.ts';
import { countPlaceholders, mapCode, verbOf } from './sql-text.ts';

const maximumCached = 1000;
const readingVerbs: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'VALUES']);
const writingVerbs: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE', 'WITH', 'SELECT']);
const definingVerbs: ReadonlySet<string> = new Set(['CREATE', 'ALTER', 'DROP']);

/** A statement as it is sent. */
export interface PostgresStatement {
  /** With `$1`, `$2` … */
  readonly text: string;
  /** What it is prepared as; '' for one that is sent once. */
  readonly name: string;
  readonly values: readonly (string | Buffer | null)[];
  /** As it was written, for errors. */
  readonly sql: string;
  readonly kind: 'query' | 'definition';
}

interface Translated {
  readonly text: string;
  readonly name: string;
  readonly placeholders: number;
  readonly verb: string;
}

const translated = new LRUCache<string, Translated>({ max: maximumCached });

/** @throws DatabaseError where the text does not read, or does not fit its values */
export function readingStatement({ sql, values }: Statement): PostgresStatement {
  return statementOf(sql, values, (verb) => readingVerbs.has(verb));
}

/** @throws DatabaseError where the text is neither DML nor DDL (transaction control above all), or does not fit its values */
export function writingStatement({ sql, values }: Statement): PostgresStatement {
  return statementOf(sql, values, (verb) => writingVerbs.has(verb) || definingVerbs.has(verb));
}

/** What begins, ends or undoes a transaction. */
export function controlStatement(sql: string): PostgresStatement {
  return { text: sql, name: nameOf(sql), values: [], sql, kind: 'query' };
}

function statementOf(
  sql: string,
  values: readonly SqlValue[],
  isAllowed: (verb: string) => boolean,
): PostgresStatement {
  const { text, name, placeholders, verb } = translate(sql);
  if (!isAllowed(verb)) throw unusable(`${verb || 'an empty text'} is not allowed here`, sql);
  if (values.length !== placeholders) {
    throw unusable(`${placeholders} placeholders were given ${values.length} values`, sql);
  }
  const kind = definingVerbs.has(verb) ? 'definition' : 'query';
  return { text, name: kind === 'query' ? name : '', values: values.map((value) => bound(value, sql)), sql, kind };
}

function translate(sql: string): Translated {
  const cached = translated.get(sql);
  if (cached !== undefined) return cached;
  try {
    const placeholders = countPlaceholders(sql);
    let number = 0;
    const text = mapCode(sql, (code) => code.replace(/\?/g, () => `$${++number}`));
    const entry = { text, name: nameOf(text), placeholders, verb: verbOf(sql) };
    translated.set(sql, entry);
    return entry;
  } catch (error) {
    throw unusable((error as Error).message, sql);
  }
}

/** The same for the same text, in every process: so that it can be told from the log of a pooler. */
function nameOf(text: string): string {
  return `portcullis_${hash('sha256', text, 'base64url').slice(0, 22)}`;
}

function bound(value: SqlValue, sql: string): string | Buffer | null {
  if (value === null) return null;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (typeof value === 'string') {
    // PostgreSQL keeps no NUL in texts, so that one who sends it can at most ask for what is not there.
    return value.includes('\0') ? value.replaceAll('\0', '\u{fffd}') : value;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw unusable('a value is not a finite number', sql);
  return String(value);
}

function unusable(reason: string, sql: string): DatabaseError {
  const hint = 'this is a fault in the program; the statement was not run';
  return new DatabaseError('statement', `PostgreSQL: ${reason}`, { hint, sql });
}
