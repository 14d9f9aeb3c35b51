import type { OAuthCapability } from '../token/grant-handler.ts';
import { singleUseMigrations } from './tables.ts';

/** Identifiers that count once (`jti`): what assertions and proofs of possession spend through `spendIdentifier`. */
export const singleUse: OAuthCapability = {
  name: 'identifiers that count once',
  specifications: ['RFC 7523 §3', 'RFC 9449 §11.1'],
  isEnabled: (provider) => provider.spendIdentifier !== undefined,
  migrations: singleUseMigrations,
};
