/** What is changed in one run, and the tests that have to notice: paths below the root, as globs. */
export interface Capability {
  readonly mutate: readonly string[];
  readonly tests: readonly string[];
}

/** The whole protocol at `InMemoryProvider`, in a second: part of every run. */
const acceptance = 'test/protocol/acceptance-in-memory.test.ts';

function folder(name: string, ...tests: readonly string[]): Capability {
  return {
    mutate: [`src/oauth/${name}/**/*.ts`, `!src/oauth/${name}/**/*.test.ts`],
    tests: [`src/oauth/${name}/**/*.test.ts`, acceptance, ...tests],
  };
}

const protocol = (...names: readonly string[]) => names.map((name) => `test/protocol/${name}.test.ts`);
const security = (...names: readonly string[]) => names.map((name) => `test/security/${name}.test.ts`);

/** Every folder of `src/oauth`, the most important first; of `token`, what authenticates clients by itself. */
export const capabilities: Readonly<Record<string, Capability>> = {
  token: {
    mutate: ['src/oauth/token/**/*.ts', '!src/oauth/token/client-*.ts', '!src/oauth/token/**/*.test.ts'],
    tests: [
      'src/oauth/token/**/*.test.ts',
      acceptance,
      ...protocol('token', 'resource', 'dpop-token', 'token-exchange', 'step-up', 'registration-policy'),
      ...protocol('consent-several-resources', 'device-page'),
      'src/oauth/authorization-code/approve.test.ts',
      ...security('several-resources'),
    ],
  },
  'client-authentication': {
    mutate: ['src/oauth/token/client-*.ts', '!src/oauth/token/**/*.test.ts'],
    tests: [
      'src/oauth/token/client-*.test.ts',
      acceptance,
      ...protocol('client-authentication', 'client-throttle', 'registration-management', 'parsers/credentials'),
      ...protocol('private-key-jwt'),
      ...security('machine-clients'),
    ],
  },
  'authorization-code': folder(
    'authorization-code',
    ...protocol(
      'authorize',
      'token',
      'prompt',
      'step-up',
      'pushed-requests',
      'redirect-uris',
      'resource',
      'dpop-token',
    ),
  ),
  'refresh-token': folder('refresh-token', ...protocol('refresh', 'resource', 'dpop-token'), 'src/in-memory/*.test.ts'),
  bearer: folder(
    'bearer',
    ...protocol('transport', 'resource', 'step-up', 'resource-server', 'dpop-resource', 'parsers/www-authenticate'),
    ...security('gate-bypass', 'implied-scopes', 'several-resources', 'stolen-tokens'),
  ),
  'single-use': folder('single-use', ...protocol('private-key-jwt')),
  dpop: folder('dpop', ...protocol('dpop-resource', 'dpop-token'), ...security('dpop-hosts')),
  'private-key-jwt': folder(
    'private-key-jwt',
    ...protocol('private-key-jwt', 'registration', 'parsers/signed-tokens'),
    ...security('client-keys-by-url'),
  ),
  'identity-assertion': folder('identity-assertion', ...protocol('identity-assertion', 'issuer-keys')),
  register: folder('register', ...protocol('registration', 'registration-policy', 'registration-management')),
  'client-metadata': folder(
    'client-metadata',
    ...protocol('client-metadata', 'client-import', 'parsers/client-metadata'),
    ...security('client-metadata'),
  ),
  'token-exchange': folder('token-exchange', ...protocol('token-exchange')),
  introspect: folder('introspect', ...protocol('introspection')),
  revoke: folder('revoke', ...protocol('revoke')),
  'pushed-requests': folder('pushed-requests', ...protocol('pushed-requests')),
  device: folder('device', ...protocol('device-page'), ...security('devices')),
  'client-credentials': folder('client-credentials', ...protocol('client-credentials'), ...security('machine-clients')),
  'manage-registration': folder('manage-registration', ...protocol('registration-management')),
  'step-up': folder('step-up', ...protocol('step-up')),
  metadata: folder('metadata', ...protocol('discovery')),
  jwks: folder('jwks', ...protocol('discovery')),
};
