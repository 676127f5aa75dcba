// Runs each known scenario once to count the effects of its supervisors, then once more for every one of them, in which the
// supervisor dies right before it. Started by crash-points.test.ts; prints one JSON line.
import { readFileSync } from 'node:fs';
import { compileFunction } from 'node:vm';
import { KNOWN_SCENARIOS, STRIDED } from './known-scenarios.ts';
import { GUEST_PARAMETERS, type GuestCode } from './machine/guest.ts';
import type { Scenario } from './scenario.ts';
import { Simulation } from './simulation.ts';

const path = process.argv[2]!;
const code = compileFunction(readFileSync(path, 'utf8'), GUEST_PARAMETERS, { filename: path }) as GuestCode;
const only = process.argv[3];

/** Long ones die at every third effect only: there are hundreds, and of few kinds. */
const STRIDE = 3;
let points = 0;
const failures: string[] = [];
for (const [name, scenario] of Object.entries(KNOWN_SCENARIOS)) {
  if (only && !name.includes(only)) continue;
  const effects = await run(name, scenario, Number.POSITIVE_INFINITY);
  const stride = STRIDED.has(name) ? STRIDE : 1;
  for (let at = 1; at <= effects; at += stride) {
    await run(name, scenario, at);
    points++;
  }
}
process.stdout.write(`${JSON.stringify({ scenarios: Object.keys(KNOWN_SCENARIOS).length, points, failures })}\n`);

/** @returns how many effects the supervisors of the first project had. */
async function run(name: string, scenario: Scenario, crashAt: number): Promise<number> {
  const simulation = new Simulation(scenario, code);
  const story: string[] = [];
  if (only) simulation.machine.listener = (line) => story.push(line);
  try {
    simulation.crashBeforeEffect = crashAt;
    await simulation.run();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    failures.push(`${name}, crash before effect ${crashAt}: ${message}${only ? `\n${story.join('\n')}` : ''}`);
  }
  return simulation.projects[0]!.effects;
}
