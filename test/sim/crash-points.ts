// Runs each known scenario once to count the effects of its supervisors, then once more for every one of them, in which the
// supervisor dies right before it. Started by crash-points.test.ts: `GUEST PART PARTS EVERY [NAME]`, of which each process
// does one part, of every EVERYth effect; prints one JSON line.
import { readFileSync } from 'node:fs';
import { compileFunction } from 'node:vm';
import { KNOWN_SCENARIOS } from './known-scenarios.ts';
import { GUEST_PARAMETERS, type GuestCode } from './machine/guest.ts';
import type { Scenario } from './scenario.ts';
import { Simulation } from './simulation.ts';

const path = process.argv[2]!;
const code = compileFunction(readFileSync(path, 'utf8'), GUEST_PARAMETERS, { filename: path }) as GuestCode;
const [part, parts] = [Number(process.argv[3]), Number(process.argv[4])];
const every = Number(process.argv[5]);
const only = process.argv[6];

/** Long ones die at every third effect only: there are hundreds, and of few kinds. */
const STRIDE = 3;
/** Of these only some crashes are tried. */
const STRIDED: ReadonlySet<string> = new Set([
  'a new version with one on top, each drained',
  'a new version that never gets ready is paused',
  'a new version that crashes is rolled back',
  'an instance that stays unhealthy',
  'an instance that is not ready for a while, and its dependents',
  'dependents that are renewed with what they depend on',
  'every step of a stop',
  'unhealthy, and exits by itself at the same moment',
  'each restarted at another moment of its start',
  'short fits',
  'scheduled, each way to overlap',
]);

let points = 0;
let mine = 0;
const failures: string[] = [];
for (const [name, scenario] of Object.entries(KNOWN_SCENARIOS)) {
  if (only && !name.includes(only)) continue;
  const effects = await run(name, scenario, Number.POSITIVE_INFINITY);
  const stride = every * (STRIDED.has(name) ? STRIDE : 1);
  for (let at = 1; at <= effects; at += stride) {
    if (points++ % parts !== part) continue;
    await run(name, scenario, at);
    mine++;
  }
}
process.stdout.write(`${JSON.stringify({ scenarios: Object.keys(KNOWN_SCENARIOS).length, points: mine, failures })}\n`);

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
