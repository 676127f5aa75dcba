// A small run of the simulation, with marks of coverage: always the same seeds, so that a change fails by what it changed.
// `npm run sim` is the large one and takes new seeds each time; `npm run check` takes the first hundred. The simulation
// runs in its own processes: they, and not the test runner, see unhandled errors of the code under test.
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';

const RUNNER = fileURLToPath(new URL('./run.mjs', import.meta.url));

const RUNS = process.env.ORCH_TEST === 'quick' ? 100 : 500;

it(`violates no property in ${RUNS} seeds`, async () => {
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [RUNNER, '--from', '1', '--runs', String(RUNS), '--workers', '2'],
    {
      reject: false,
      env: { SIM_COVERAGE: '1', SEED: undefined },
    },
  );
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
  const reached = stdout.split('\n');
  // A simulation that never gets there proves nothing.
  for (const mark of MARKS) expect(reached, `the scenarios never reach ${mark}`).toContain(mark);
});

const MARKS = ['exited', 'killed', 'leftovers_found', 'completed', 'failed', 'backed_off', 'config_rejected', 'held'];
