import type { Dialect } from './dialect.ts';
import { mapCode, verbOf } from './sql-text.ts';

/**
 * How portable DDL becomes SQLite's, the only place where it does: every `CREATE TABLE (…)` becomes a `STRICT`
 * table, so that a column holds nothing but its type, and `BIGINT` becomes `INTEGER`, which `STRICT` demands.
 * @see https://sqlite.org/stricttables.html
 */
export const sqliteDialect: Dialect = {
  ddl(statement) {
    const verb = verbOf(statement);
    if (verb !== 'CREATE' && verb !== 'ALTER') return statement;
    const translated = mapCode(statement, (code) => code.replace(/\bBIGINT\b/gi, 'INTEGER'))
      .trim()
      .replace(/\s*;$/, '');
    if (!/^CREATE\s+TABLE\b/i.test(translated)) return translated;
    if (!translated.endsWith(')')) {
      throw new TypeError(`a portable CREATE TABLE ends with its closing parenthesis: ${translated.split('\n')[0]}`);
    }
    return `${translated} STRICT`;
  },
};
