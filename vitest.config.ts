import { defineConfig } from 'vitest/config';

// unit: pure, milliseconds. sim: seeded simulation. real: real processes, the built CLI, real terminals. One after the
// other, so that the real ones have the machine to themselves.
const real = [
  'test/{lifecycle,trust,e2e,os,logs,supervisor,examples,bench,library,editor}/**/*.test.{ts,tsx}',
  'test/**/*.pty.test.ts',
  'test/cli/{completion,line-mode,until-gone}.test.ts',
  'test/config/{child,git-source,hostile,prefixes}.test.ts',
];
const sim = ['test/sim/**/*.test.ts'];
// What takes half a minute, or holds answers to 250 ms and wants the machine to itself for that: `npm run test:demanding`,
// which also tries a crash at each effect and not only at every third.
const demanding = ['test/trust/{ailing-supervisor,api-abuse,hard-files}.test.ts', 'test/e2e/real-tools.test.ts'];
const isDemanding = process.env.ORCH_TEST === 'demanding';
// `npm run check`: a short simulation, no crash points.
const isQuick = process.env.ORCH_TEST === 'quick';
const simNow = isDemanding
  ? ['test/sim/crash-points.test.ts']
  : isQuick
    ? ['test/sim/{simulation,planted}.test.ts']
    : sim;

// A machine of a CI service may stall: a test with real processes gets a second try there, and the run lists it.
const isCi = process.env.CI !== undefined;

export default defineConfig({
  test: {
    reporters: isCi ? ['default', './test/rig/retry-reporter.ts'] : ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: [...real, ...sim],
          testTimeout: 60_000, // ends a test that hangs; a busy machine may take seconds for what needs milliseconds
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'sim',
          include: simNow,
          testTimeout: 600_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'real',
          include: isDemanding ? demanding : real,
          exclude: isDemanding ? [] : demanding,
          retry: isCi ? 1 : 0,
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
