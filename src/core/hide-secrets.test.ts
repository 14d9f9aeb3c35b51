import { expect, it } from 'vitest';
import { hideSecrets } from './hide-secrets.ts';
import { randomId, randomSecret, systemRandom } from './random.ts';

it('hides what looks like a secret, whole, and leaves identifiers and words', () => {
  const secret = randomSecret(systemRandom);
  const id = randomId(systemRandom);
  expect(hideSecrets(`client_id '${secret}' is not registered here`)).toBe(
    "client_id '[hidden]' is not registered here",
  );
  expect(hideSecrets(`Bearer ${secret}.${secret}.${secret}, ${id}`)).toBe(`Bearer [hidden], ${id}`);
  expect(hideSecrets('at file:///srv/app/node_modules/portcullis/dist/oauth/token/endpoint.js:30:12')).not.toContain(
    'hidden',
  );
});
