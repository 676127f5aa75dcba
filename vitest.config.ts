import { defineConfig } from 'vitest/config';

// unit: pure, milliseconds. sim: seeded simulation. real: real processes, the built CLI, real terminals. One after the
// other, so that the real ones have the machine to themselves.
const real = ['test/{lifecycle,trust,e2e,runtime,logs,supervisor,examples,bench}/**/*.test.{ts,tsx}'];
const sim = ['test/sim/**/*.test.ts'];
// Long races, kills and clocks that want the machine to themselves: `npm run test:demanding`.
const demanding = [
  'test/trust/{ailing-supervisor,next-supervisor,supervisor-killed,concurrent-up,singleton-races}.test.ts',
  'test/trust/{api-abuse,escapes,hard-files,orch-deleted}.test.ts',
];
const isDemanding = process.env.ORCH_TEST === 'demanding';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: [...real, ...sim],
          sequence: { groupOrder: 0 },
        },
      },
      { test: { name: 'sim', include: sim, testTimeout: 600_000, sequence: { groupOrder: 1 } } },
      {
        test: {
          name: 'real',
          include: isDemanding ? demanding : real,
          exclude: isDemanding ? [] : demanding,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: 'forks',
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
