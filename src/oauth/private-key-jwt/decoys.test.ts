import { compactVerify, errors } from 'jose';
import { expect, it } from 'vitest';
import { foreignAlgorithms, publicKeyOf } from '../../core/public-jwk.ts';
import { TestClientKey } from '../../testing/test-client-key.ts';
import { decoyFor } from './decoys.ts';

it.each(foreignAlgorithms)(
  'a signature of %s is really verified against a key of nobody, as against a client’s [PITFALL-24]',
  async (algorithm) => {
    const jwt = await TestClientKey.generate(algorithm).sign({ sub: 'x' }, { alg: algorithm });
    const verifying = compactVerify(jwt, publicKeyOf(decoyFor(algorithm)), { algorithms: [algorithm] });
    await expect(verifying).rejects.toBeInstanceOf(errors.JWSSignatureVerificationFailed);
  },
);
