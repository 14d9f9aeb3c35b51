import type { AcceptanceCase } from './acceptance-case.ts';
import { authorizeCases } from './cases/authorize.ts';
import { clientAuthenticationCases } from './cases/client-authentication.ts';
import { codeCases } from './cases/code.ts';
import { deviceCases } from './cases/device.ts';
import { discoveryCases } from './cases/discovery.ts';
import { dpopCases } from './cases/dpop.ts';
import { hygieneCases } from './cases/hygiene.ts';
import { identityAssertionCases } from './cases/identity-assertions.ts';
import { metadataDocumentCases } from './cases/metadata-documents.ts';
import { pushedRequestCases } from './cases/pushed-requests.ts';
import { refreshCases } from './cases/refresh.ts';
import { registrationCases } from './cases/registration.ts';
import { registrationManagementCases } from './cases/registration-management.ts';
import { registrationPolicyCases } from './cases/registration-policy.ts';
import { resourceCases } from './cases/resource.ts';
import { revocationCases } from './cases/revocation.ts';
import { severalResourcesCases } from './cases/several-resources.ts';
import { softwareStatementCases } from './cases/software-statements.ts';
import { stepUpCases } from './cases/step-up.ts';
import { storeCases } from './cases/store.ts';
import { tokenEndpointCases } from './cases/token-endpoint.ts';
import type { CreateHarness } from './harness.ts';

const groups: Readonly<Record<string, readonly AcceptanceCase[]>> = {
  discovery: discoveryCases,
  registration: registrationCases,
  'the registration policy': registrationPolicyCases,
  'software statements': softwareStatementCases,
  'metadata documents of clients': metadataDocumentCases,
  'the management of registrations': registrationManagementCases,
  'the authorization endpoint': authorizeCases,
  'pushed authorization requests': pushedRequestCases,
  'device authorization': deviceCases,
  'authorization codes': codeCases,
  'the token endpoint': tokenEndpointCases,
  'client authentication': clientAuthenticationCases,
  'refresh tokens': refreshCases,
  'identity assertions': identityAssertionCases,
  revocation: revocationCases,
  'the resource': resourceCases,
  'several resources': severalResourcesCases,
  'tokens bound to a key': dpopCases,
  'step-up authentication': stepUpCases,
  'the store': storeCases,
  'HTTP hygiene': hygieneCases,
};

/** Every case of the acceptance suite, for frameworks that `runAcceptanceSuite` does not fit. */
export const acceptanceCases: readonly AcceptanceCase[] = Object.values(groups).flat();

/** The two functions that vitest, node:test, jest and mocha have in common. */
export interface TestFramework {
  readonly describe: (title: string, define: () => void) => unknown;
  readonly it: (title: string, test: () => Promise<void>) => unknown;
}

export interface AcceptanceOptions {
  /**
   * `with-grace`: the immediately previous refresh token is taken for a retry during `lifetimes.refreshTokenGrace`.
   * `strict`: any rotated refresh token is reuse, however soon it comes. Default: `with-grace`.
   */
  readonly refreshRotation?: 'with-grace' | 'strict';
}

/**
 * Registers the acceptance suite with a test framework: what a subclass of `OAuthProvider` has to do, races included.
 * Each case builds a provider of its own. There is no network, and time passes only when a case says so.
 * @param framework such as `{ describe, it }` of vitest or node:test
 * @param createHarness builds your provider on an empty store
 */
export function runAcceptanceSuite(
  { describe, it }: TestFramework,
  createHarness: CreateHarness,
  options: AcceptanceOptions = {},
): void {
  for (const [title, cases] of Object.entries(groups)) {
    describe(title, () => {
      for (const { name, about, run } of cases) {
        if (about === 'refresh-grace' && options.refreshRotation === 'strict') continue;
        it(name, () => run(createHarness));
      }
    });
  }
}
