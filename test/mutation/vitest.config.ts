import { defineConfig } from 'vitest/config';
import { keptThreads } from './kept-thread.ts';

/** The tests of one run, as `main.ts` chose them. */
const include = JSON.parse(process.env['MUTATION_TESTS'] ?? '[]') as string[];

export default defineConfig({
  plugins: [keptThreads()],
  test: {
    include,
    setupFiles: ['test/mutation/setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    isolate: false,
    maxWorkers: 1,
  },
});
