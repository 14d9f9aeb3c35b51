import { defineConfig } from 'vitest/config';

const second = 1000;

/** One project per kind of test; `npm run test:<name>` runs one of them. */
function project(name: string, include: string, testTimeout: number) {
  return {
    extends: true as const,
    test: { name, include: [include], testTimeout, hookTimeout: Math.max(testTimeout, 30 * second) },
  };
}

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
      project('storage', 'test/storage/**/*.test.ts', 60 * second),
      project('protocol', 'test/protocol/**/*.test.ts', 30 * second),
      project('security', 'test/security/**/*.test.ts', 30 * second),
      project('cli', 'test/cli/**/*.test.ts', 60 * second),
      project('interop', 'test/interop/**/*.test.ts', 60 * second),
      { ...browser, test: { ...browser.test, globalSetup: 'scripts/ensure-chromium.mjs' } },
      project('bench', 'test/bench/**/*.test.ts', 60 * second),
      project('robustness', 'test/robustness/**/*.test.ts', 120 * second),
      project('packed', 'test/packed/**/*.test.ts', 180 * second),
    ],
  },
});
