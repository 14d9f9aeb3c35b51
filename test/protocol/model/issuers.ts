import type { DocumentHost } from '../../../src/testing/document-host.ts';
import { TestIssuer } from '../../../src/testing/test-issuer.ts';
import { issuers } from './rules.ts';

/** The identity providers, with one pair of keys each for all worlds. */
export const theIssuers: readonly TestIssuer[] = issuers.map((issuer) => new TestIssuer(issuer));

export function publishKeys(host: DocumentHost): void {
  for (const { issuer, key } of theIssuers) host.publishText(`${issuer}/jwks.json`, JSON.stringify(key.jwks));
}
