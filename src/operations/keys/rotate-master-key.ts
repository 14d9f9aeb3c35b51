import { type Database, type SqlValue, type Statement, sql } from '../../core/database.ts';
import { dataSecretPurpose } from './derived-keys.ts';
import { type MasterKey, masterKeyIdOf } from './master-key.ts';
import { signingKeyPurpose } from './signing-key-store.ts';

/** A column that holds encrypted values, each for a purpose that its row's key decides. */
interface EncryptedColumn {
  readonly table: string;
  readonly key: string;
  readonly column: string;
  readonly purposeOf: (key: string) => string;
  /** SQL for whatever else changes with the value. */
  readonly also?: { readonly sql: string; readonly valuesOf: (masterKey: MasterKey) => readonly SqlValue[] };
}

/** Everything that is encrypted under the master key. What says which key that is comes first: nothing is added past it. */
const encryptedColumns: readonly EncryptedColumn[] = [
  {
    table: 'data_secrets',
    key: 'name',
    column: 'secret',
    purposeOf: dataSecretPurpose,
    also: { sql: ', master_key_id = ?', valuesOf: (masterKey) => [masterKey.id] },
  },
  { table: 'signing_keys', key: 'key_id', column: 'private_key', purposeOf: signingKeyPurpose },
];

/**
 * Encrypts everything under the present master key that is still under one before it, in one transaction. May be repeated,
 * and interrupted. Resolves to how many values it encrypted again.
 * @param masterKey the present key first, then those that are being replaced
 */
export async function encryptAllAgain(database: Database, masterKey: MasterKey): Promise<number> {
  let count = 0;
  for (;;) {
    const statements = await pending(database, masterKey);
    if (statements.length === 0) return count;
    const outcomes = await database.write(...statements);
    count += outcomes.reduce((sum, rows) => sum + rows.length, 0);
  }
}

async function pending(database: Database, masterKey: MasterKey): Promise<Statement[]> {
  const statements: Statement[] = [];
  for (const { table, key, column, purposeOf, also } of encryptedColumns) {
    for (const row of await database.read(`SELECT ${key}, ${column} FROM ${table}`)) {
      const id = row[key] as string;
      const before = row[column] as string;
      if (masterKeyIdOf(before) === masterKey.id) continue;
      const again = masterKey.encrypt(masterKey.decrypt(before, purposeOf(id)), purposeOf(id));
      statements.push(
        sql(
          `UPDATE ${table} SET ${column} = ?${also?.sql ?? ''} WHERE ${key} = ? AND ${column} = ? RETURNING ${key}`,
          again,
          ...(also?.valuesOf(masterKey) ?? []),
          id,
          before,
        ),
      );
    }
  }
  return statements;
}
