import type { LongTransaction } from '../../storage/transaction.ts';

/** What is in a database before a backup is restored to it. Names of users. */
export interface Findings {
  readonly isEmpty: boolean;
  readonly disabled: readonly string[];
  readonly passwordChanged: readonly string[];
  readonly added: readonly string[];
}

/**
 * Looks at the database that is to be replaced. A server that was started and never used is empty: it has keys, and nobody.
 * @param since when the backup was made, in milliseconds since the epoch
 */
export async function findingsOf(target: LongTransaction, since: number): Promise<Findings> {
  const counts = await Promise.all(
    ['users', 'clients', 'client_documents'].map(async (table) => {
      const [row] = await target.read(`SELECT count(*) AS n FROM ${table}`);
      return Number(row?.['n']);
    }),
  );
  const names = async (condition: string, ...values: number[]) =>
    (await target.read(`SELECT user_name FROM users WHERE ${condition} ORDER BY user_name`, ...values)).map((row) =>
      String(row['user_name']),
    );
  return {
    isEmpty: counts.every((count) => count === 0),
    disabled: await names("status = 'disabled'"),
    passwordChanged: await names('password_changed_at > ? AND created_at <= ?', since, since),
    added: await names('created_at > ?', since),
  };
}
