export { ManualClock } from '../core/clock.ts';
export type { AcceptanceCase } from './acceptance-case.ts';
export { type AcceptanceOptions, acceptanceCases, runAcceptanceSuite, type TestFramework } from './acceptance-suite.ts';
export { type DpopTestAlgorithm, DpopTestKey, type ProofRequest } from './dpop-key.ts';
export type { CreateHarness, Harness, HarnessRequest } from './harness.ts';
export { TestBrowser, type TestPage } from './test-browser.ts';
export {
  type Answer,
  basicCredentials,
  createTestClient,
  formPost,
  jsonPost,
  type Parameters,
  type PkcePair,
  type PreparedAuthorization,
  pkcePair,
  type ReceivedCode,
  readAnswer,
  type StartedDevice,
  sendTo,
  TestClient,
  type TestClientCredentials,
  type TestClientOptions,
  type Tokens,
  tokensOf,
} from './test-client.ts';
export { assertionParameters, TestClientKey } from './test-client-key.ts';
export { identityAssertionGrant, presentAssertion, TestIssuer } from './test-issuer.ts';
