import type { Dialect } from './dialect.ts';

/** Migrations are written in PostgreSQL's words where engines differ (ADR 0009), so nothing changes. */
export const postgresDialect: Dialect = {
  ddl: (statement) => statement.trim().replace(/\s*;$/, ''),
};
