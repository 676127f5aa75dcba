// The supervisor is killed -9 repeatedly under fifty instances that print numbered lines: no instance restarts, no line is
// lost or doubled, and the supervisor is back within 2 s. TRUST_ROUNDS=100 for the figures.
import { expect, test } from 'vitest';
import { createProject, incarnations } from '../rig/project.ts';
import { linesOf } from '../rig/records.ts';
import { killSupervisor, mainsOf, quantile, roundsOf, say } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';
import { slowness } from './slowness.ts';

const INSTANCES = 50;
const BACK_WITHIN_MS = 2_000;

test('fifty instances keep running while their supervisor is killed', { timeout: 3_600_000 }, async () => {
  const project = createProject({
    'procs.yaml': `
log_queues: { default: { path: out.log, format: text, rotate: { size: 1GiB } } }
services:
  n: { command: [sh, numbers.sh], pool: ${INSTANCES} }
`,
    'numbers.sh': 'n=0\nwhile :; do n=$((n+1)); echo "$n"; sleep 0.2; done\n',
  });
  await project.up();
  const before = mains();
  expect(Object.keys(before)).toHaveLength(INSTANCES);
  const backMs: number[] = [];
  const rounds = roundsOf(10);
  for (let round = 0; round < rounds; round++) {
    await killSupervisor(project);
    const sinceMs = performance.now();
    await project.mustOrch(['up', '-d', '--wait']);
    backMs.push(performance.now() - sinceMs);
    expect(mains(), `round ${round}`).toEqual(before);
  }
  const at = linesOf(project.path('out.log')).length;
  await waitFor(
    'they keep printing',
    () => linesOf(project.path('out.log')).length,
    (seen) => seen > at + 2 * INSTANCES,
  );
  await project.down();
  const numbers = numbersByInstance(linesOf(project.path('out.log')));
  expect(numbers.size).toBe(INSTANCES);
  for (const [instance, seen] of numbers) {
    expect(seen, `lines of ${instance}`).toEqual(Array.from({ length: seen.length }, (_, index) => index + 1));
  }
  const lines = [...numbers.values()].reduce((sum, { length }) => sum + length, 0);
  say(
    `${rounds} kills, ${INSTANCES} instances, ${lines} lines: none restarted, lost or doubled; back after ` +
      `${quantile(backMs, 0.5) | 0} ms (p50), ${Math.max(...backMs) | 0} ms (worst)`,
  );
  expect(quantile(backMs, 0.5)).toBeLessThan(BACK_WITHIN_MS * (await slowness()));

  function mains(): Record<string, string> {
    return incarnations(mainsOf(project));
  }
});

/** Of lines `<time> <instance> o <number>`. */
function numbersByInstance(lines: string[]): Map<string, number[]> {
  const numbers = new Map<string, number[]>();
  for (const line of lines) {
    const [, instance, , number] = line.split(' ');
    const seen = numbers.get(instance!) ?? [];
    seen.push(Number(number));
    numbers.set(instance!, seen);
  }
  return numbers;
}
