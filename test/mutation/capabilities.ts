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

/** Every folder of `src/oauth`, the most important first. */
export const capabilities: Readonly<Record<string, Capability>> = {
  token: folder(
    'token',
    ...protocol('token', 'client-authentication', 'client-throttle', 'resource', 'parsers/credentials'),
    'src/in-memory/*.test.ts',
  ),
  'authorization-code': folder(
    'authorization-code',
    ...protocol('authorize', 'token', 'prompt', 'step-up', 'pushed-requests', 'redirect-uris', 'resource'),
  ),
  'refresh-token': folder('refresh-token', ...protocol('refresh', 'resource'), 'src/in-memory/*.test.ts'),
  bearer: folder(
    'bearer',
    ...protocol('transport', 'resource', 'step-up', 'resource-server', 'dpop-resource', 'parsers/www-authenticate'),
    ...security('gate-bypass', 'implied-scopes', 'dns-rebinding'),
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
