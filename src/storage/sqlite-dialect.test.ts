import { expect, test } from 'vitest';
import { countPlaceholders, verbOf } from './sql-text.ts';
import { sqliteDialect } from './sqlite-dialect.ts';

test('a table becomes STRICT and BIGINT becomes INTEGER', () => {
  expect(sqliteDialect.ddl('\n  CREATE TABLE t (a bigint NOT NULL, b TEXT) ;\n')).toBe(
    'CREATE TABLE t (a INTEGER NOT NULL, b TEXT) STRICT',
  );
  expect(sqliteDialect.ddl('create table if not exists t (a BIGINT)')).toBe(
    'create table if not exists t (a INTEGER) STRICT',
  );
});

test('comments go, and what is quoted stays', () => {
  const text = `CREATE TABLE t ( -- ; BIGINT
    "BIGINT" TEXT DEFAULT 'it''s BIGINT' /* ) */
  ) -- the end`;
  expect(sqliteDialect.ddl(text).replace(/\s+/g, ' ')).toBe(
    `CREATE TABLE t ( "BIGINT" TEXT DEFAULT 'it''s BIGINT' ) STRICT`,
  );
});

test('an added column is translated, an index and data are not', () => {
  expect(sqliteDialect.ddl('ALTER TABLE t ADD COLUMN c BIGINT')).toBe('ALTER TABLE t ADD COLUMN c INTEGER');
  expect(sqliteDialect.ddl('CREATE UNIQUE INDEX i ON t (a) WHERE b IS NULL')).toBe(
    'CREATE UNIQUE INDEX i ON t (a) WHERE b IS NULL',
  );
  expect(sqliteDialect.ddl("UPDATE t SET a = 'BIGINT' WHERE bigint = 1")).toBe(
    "UPDATE t SET a = 'BIGINT' WHERE bigint = 1",
  );
});

test.each(['CREATE TABLE t (a TEXT) WITHOUT ROWID', 'CREATE TABLE t (a TEXT) STRICT', 'CREATE TABLE t AS SELECT 1'])(
  '%s is refused, because it is not portable',
  (text) => {
    expect(() => sqliteDialect.ddl(text)).toThrow('closing parenthesis');
  },
);

test('placeholders are counted in code only, and numbered or named ones are refused', () => {
  expect(countPlaceholders(`SELECT ?, '?', "?", ? -- ?\n /* ? */ WHERE a = ?`)).toBe(3);
  expect(() => countPlaceholders('SELECT ?1')).toThrow(TypeError);
  expect(() => countPlaceholders('SELECT $name')).toThrow(TypeError);
});

test('the verb of a statement is its first keyword after comments', () => {
  expect(verbOf('/* a */ -- b\n with x AS (SELECT 1) SELECT 1')).toBe('WITH');
  expect(verbOf(' ')).toBe('');
});
