import type { Migration } from '../../core/database.ts';

export const signInMigrations: readonly Migration[] = [
  {
    id: '0012-sign-in-failures',
    statements: [
      `CREATE TABLE sign_in_failures (
        bucket TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        failures BIGINT NOT NULL,
        wait BIGINT NOT NULL,
        failed_at BIGINT NOT NULL,
        blocked_until BIGINT NOT NULL,
        attempt TEXT NOT NULL,
        expires_at BIGINT NOT NULL
      )`,
      'CREATE INDEX sign_in_failures_by_account ON sign_in_failures (account)',
      'CREATE INDEX sign_in_failures_by_expiry ON sign_in_failures (expires_at)',
    ],
  },
];
