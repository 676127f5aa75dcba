// Tries a range of seeds in one process. Prints a JSON line a failure: {"seed","message","scenario"}, and at the end
// {"done","coverage"}. Bundled and started by run.mjs.
import { readFileSync } from 'node:fs';
import { compileFunction } from 'node:vm';
import fc from 'fast-check';
import { KNOWN_SCENARIOS } from './known-scenarios.ts';
import { GUEST_PARAMETERS, type GuestCode } from './machine/guest.ts';
import { type Scenario, scenario } from './scenario.ts';
import { Simulation } from './simulation.ts';

const SHRINK_MS = 60_000;

type Task = {
  guest: string;
  seeds: { from: number; to: number };
  stopAtFirst: boolean;
  shrink: boolean;
  known: boolean;
};
const task = JSON.parse(process.argv[2]!) as Task;
const code = compileFunction(readFileSync(task.guest, 'utf8'), GUEST_PARAMETERS, { filename: task.guest }) as GuestCode;

const coverage = new Set<string>();
let lastStory: string[] = [];

async function tryScenario(one: Scenario): Promise<void> {
  const simulation = new Simulation(one, code);
  const story: string[] = [];
  if (task.shrink) simulation.machine.listener = (line) => story.push(line);
  try {
    await simulation.run();
  } catch (error) {
    lastStory = story;
    throw error;
  } finally {
    for (const { oracle } of simulation.projects) for (const mark of oracle.coverage) coverage.add(mark);
  }
}

const say = (message: unknown): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

/** @returns whether one of them failed. */
async function tryKnown(): Promise<boolean> {
  for (const [name, one] of Object.entries(KNOWN_SCENARIOS)) {
    try {
      await tryScenario(one);
    } catch (error) {
      say({ seed: `"${name}"`, message: error instanceof Error ? error.message : String(error) });
      return true;
    }
  }
  return false;
}

const property = fc.asyncProperty(scenario, tryScenario);
let tried = 0;
const isOver = task.known && (await tryKnown());
for (let seed = task.seeds.from; !isOver && seed < task.seeds.to; seed++) {
  const limits = task.shrink ? { interruptAfterTimeLimit: SHRINK_MS } : { endOnFailure: true };
  const result = await fc.check(property, { seed, numRuns: 1, ...limits });
  tried++;
  if (!result.failed) continue;
  const cause = result.errorInstance;
  const message = cause instanceof Error ? cause.message : String(cause);
  say({ seed, message, scenario: result.counterexample?.[0], story: lastStory });
  if (task.stopAtFirst) break;
}
say({ done: tried, coverage: [...coverage] });
