import { defineConfig } from 'vitest/config';

const second = 1000;

/** One project per kind of test; `npm run test:<name>` runs one of them. */
function project(name: string, include: string, testTimeout: number) {
  return {
    extends: true as const,
    test: { name, include: [include], testTimeout, hookTimeout: Math.max(testTimeout, 30 * second) },
  };
}

/** Tests in which no database takes part. */
const withoutDatabase = [
  'test/protocol/acceptance-custom-provider.test.ts',
  'test/protocol/acceptance-in-memory.test.ts',
  'test/protocol/acceptance-mutants.test.ts',
  'test/protocol/parsers/**',
];

/** The same tests on PostgreSQL. */
function onPostgres({ test }: ReturnType<typeof project>) {
  return {
    extends: true as const,
    test: {
      ...test,
      exclude: withoutDatabase,
      name: `${test.name} on PostgreSQL`,
      testTimeout: 2 * test.testTimeout,
      hookTimeout: 2 * test.hookTimeout,
      env: { PORTCULLIS_TEST_ENGINE: 'postgres' },
      globalSetup: 'scripts/ensure-postgres.mjs',
    },
  };
}

const postgres = project('postgres', 'test/postgres/**/*.test.ts', 60 * second);
const storage = project('storage', 'test/storage/**/*.test.ts', 60 * second);
const protocol = project('protocol', 'test/protocol/**/*.test.ts', 30 * second);
const interop = project('interop', 'test/interop/**/*.test.ts', 60 * second);
/** Of the real peers, those that take a client through the whole protocol. */
const interopOnPostgres = project(
  'interop',
  'test/interop/{oauth4webapi,openid-client,machine-clients,devices,dpop,step-up}.test.ts',
  60 * second,
);
const browser = project('browser', 'test/browser/**/*.test.ts', 120 * second);

export default defineConfig({
  test: {
    allowOnly: false,
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      project('unit', 'src/**/*.test.ts', 10 * second),
      project('architecture', 'test/architecture/**/*.test.ts', 30 * second),
      project('types', 'test/types/**/*.test.ts', 60 * second),
      project('docs', 'test/docs/**/*.test.ts', 60 * second),
      { ...postgres, test: { ...postgres.test, globalSetup: 'scripts/ensure-postgres.mjs' } },
      storage,
      onPostgres(storage),
      protocol,
      onPostgres(protocol),
      project('security', 'test/security/**/*.test.ts', 30 * second),
      project('cli', 'test/cli/**/*.test.ts', 60 * second),
      interop,
      onPostgres(interopOnPostgres),
      { ...browser, test: { ...browser.test, globalSetup: 'scripts/ensure-chromium.mjs' } },
      project('bench', 'test/bench/**/*.test.ts', 60 * second),
      project('robustness', 'test/robustness/**/*.test.ts', 120 * second),
      project('packed', 'test/packed/**/*.test.ts', 180 * second),
    ],
  },
});
