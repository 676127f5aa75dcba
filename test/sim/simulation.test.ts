// The seeded simulation: `SEED=n` replays one seed, `SIM_RUNS=n` sets how many scenarios are tried.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { scenario } from './scenario.ts';
import { Simulation } from './simulation.ts';

const numRuns = Number(process.env.SIM_RUNS ?? 1_000);
const seed = process.env.SEED === undefined ? undefined : Number(process.env.SEED);
const path = process.env.SEED_PATH;

it('holds I1, I3, I4, I7, I8, I9, I14, I15 whatever happens', () => {
  const reached = new Set<string>();
  const result = fc.check(
    fc.property(scenario, (one) => {
      const simulation = new Simulation(one);
      simulation.run(one.operations);
      for (const mark of simulation.coverage) reached.add(mark);
    }),
    { numRuns, ...(seed === undefined ? {} : { seed }), ...(path ? { path } : {}) },
  );
  if (result.failed) {
    const cause = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
    const replay = `SEED=${result.seed} SEED_PATH=${result.counterexamplePath}`;
    throw new Error(`${cause}\nreplay: ${replay}\n${JSON.stringify(result.counterexample?.[0])}`);
  }
  if (numRuns < 500) return;
  // Marks of coverage: a simulation that never gets there proves nothing.
  for (const mark of [
    'adopted',
    'exited',
    'killed',
    'leftovers_found',
    'completed',
    'failed',
    'backed_off',
    'config_rejected',
  ]) {
    expect(reached, `the scenarios never reach ${mark}`).toContain(mark);
  }
});
