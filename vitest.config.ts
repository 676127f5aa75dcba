import { defineConfig } from 'vitest/config';

// unit: pure, milliseconds. sim: seeded simulation. real: real processes, the built CLI, real terminals.
const real = ['test/{lifecycle,e2e,runtime,logs,supervisor,examples,bench}/**/*.test.{ts,tsx}'];
const sim = ['test/sim/**/*.test.ts'];
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.{ts,tsx}'], exclude: [...real, ...sim] } },
      { test: { name: 'sim', include: sim, testTimeout: 180_000 } },
      {
        test: { name: 'real', include: real, testTimeout: 60_000, hookTimeout: 60_000, pool: 'forks', maxWorkers: 2 },
      },
    ],
  },
});
