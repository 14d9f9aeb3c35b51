import { expect, test } from 'vitest';
import { DatabaseBusyError, DatabaseError } from './errors.ts';
import { sqliteError } from './sqlite-errors.ts';

const thrown = (errcode: number, message = 'what SQLite said') =>
  Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode });

test.each([
  [13, 'full'],
  [8, 'readonly'],
  [1032, 'readonly'],
  [11, 'corrupt'],
  [267, 'corrupt'],
  [26, 'corrupt'],
  [10, 'io'],
  [778, 'io'],
  [14, 'unreachable'],
  [1555, 'constraint'],
  [1, 'statement'],
] as const)('result code %d is told as %s, on one line, with a hint', (errcode, code) => {
  const error = sqliteError(thrown(errcode, 'what\nSQLite said'), 'SELECT 1');
  expect(error).toMatchObject({ code, sql: 'SELECT 1', message: `SQLite: what SQLite said (result code ${errcode})` });
  expect(error.hint).not.toBe('');
});

test.each([5, 261, 517])('result code %d is a DatabaseBusyError', (errcode) => {
  expect(sqliteError(thrown(errcode))).toBeInstanceOf(DatabaseBusyError);
});

test('an error that is already told stays as it is, and a foreign one is a fault in the program', () => {
  const told = new DatabaseError('closed', 'x', { hint: 'y' });
  expect(sqliteError(told)).toBe(told);
  expect(sqliteError(new TypeError('cannot be bound'))).toMatchObject({
    code: 'statement',
    message: 'SQLite: cannot be bound',
  });
});
