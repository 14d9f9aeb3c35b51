import { describe, it } from 'vitest';
import { runAcceptanceSuite } from '../../src/testing/index.ts';
import { createPortcullisHarness } from '../support/portcullis-harness.ts';

describe('Portcullis', () => {
  runAcceptanceSuite({ describe, it }, (request) => createPortcullisHarness(request));
});
