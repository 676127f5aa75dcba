// Any number of `orch up` at once: one supervisor, and every command succeeds (I13). TRUST_ROUNDS=200 for the figures.
import { expect, test } from 'vitest';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { killSupervisor, lockHoldersOf, quantile, roundsOf, say, supervisorsOf } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const CLIENTS = 10;

test('ten orch up at once make one supervisor, and all ten succeed', { timeout: 3_600_000 }, async () => {
  const project = createProject({ 'procs.yaml': 'services:\n  a: { command: [sleep, "1000"], pool: 3 }\n' });
  const durationsMs: number[] = [];
  const rounds = roundsOf(5);
  for (let round = 0; round < rounds; round++) {
    const outcomes = await Promise.all(Array.from({ length: CLIENTS }, () => project.orch(['up', '-d'])));
    for (const outcome of outcomes) expect(outcome.exitCode, `round ${round}: ${outcome.stderr}`).toBe(0);
    durationsMs.push(...outcomes.map(({ durationMs }) => durationMs));
    await expectOneSupervisor(project, round);
    await project.mustOrch(['wait', '--for', 'converged', '--timeout', '30s']);
    expect(Object.keys(incarnations(project.instances()))).toEqual(['a.1', 'a.2', 'a.3']);
    await project.down();
  }
  say(
    `${rounds} rounds of ${CLIENTS}: up took ${quantile(durationsMs, 0.5) | 0} ms (p50), ${quantile(durationsMs, 0.99) | 0} ms (p99)`,
  );
});

test('ten orch up at once after a crash adopt once', { timeout: 3_600_000 }, async () => {
  const project = createProject({ 'procs.yaml': 'services:\n  a: { command: [sleep, "1000"], pool: 10 }\n' });
  await project.up();
  const before = incarnations(project.instances());
  const rounds = Math.ceil(roundsOf(8) / 4);
  for (let round = 0; round < rounds; round++) {
    await killSupervisor(project);
    const outcomes = await Promise.all(Array.from({ length: CLIENTS }, () => project.orch(['up', '-d'])));
    for (const outcome of outcomes) expect(outcome.exitCode, `round ${round}: ${outcome.stderr}`).toBe(0);
    await expectOneSupervisor(project, round);
    await project.mustOrch(['wait', '--for', 'converged', '--timeout', '30s']);
    expect(incarnations(project.instances())).toEqual(before);
  }
  await project.down();
});

/** A supervisor that lost the race for the lock can only exit. */
async function expectOneSupervisor(project: Project, round: number): Promise<void> {
  expect(lockHoldersOf(project), `round ${round}`).toHaveLength(1);
  await waitFor(
    'the losers have left',
    () => supervisorsOf(project),
    (seen) => seen.length === 1,
    2_000,
  );
}
