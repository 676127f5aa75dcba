// Tries scenarios in one process for as long as it is asked to: a task a line on stdin. Prints a JSON line a failure,
// {"seed","message","scenario","story"}, and one at the end of each task, {"done","coverage","cpuMs"}. Bundled and started
// by try-seeds.mjs.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { compileFunction } from 'node:vm';
import fc from 'fast-check';
import { KNOWN_SCENARIOS } from './known-scenarios.ts';
import { GUEST_PARAMETERS, type GuestCode } from './machine/guest.ts';
import { type Scenario, scenario } from './scenario.ts';
import { Simulation } from './simulation.ts';

const SHRINK_MS = 60_000;

type Task = {
  /** A range of seeds, or the names of known scenarios. */
  seeds: { from: number; to: number } | string[];
  stopAtFirst: boolean;
  shrink: boolean;
};

const guest = process.argv[2]!;
const code = compileFunction(readFileSync(guest, 'utf8'), GUEST_PARAMETERS, { filename: guest }) as GuestCode;
const coverage = new Set<string>();

const say = (message: unknown): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

async function tryScenario(one: Scenario, story: string[] | null = null): Promise<void> {
  const simulation = new Simulation(one, code);
  if (story) simulation.machine.listener = (line) => story.push(line);
  try {
    await simulation.run();
  } finally {
    for (const { oracle } of simulation.projects) for (const mark of oracle.coverage) coverage.add(mark);
  }
}

/** @returns what went wrong, or null. */
async function tryKnown(name: string): Promise<unknown> {
  try {
    await tryScenario(KNOWN_SCENARIOS[name]!);
    return null;
  } catch (error) {
    return { seed: name, message: textOf(error) };
  }
}

const property = fc.asyncProperty(scenario, (one) => tryScenario(one));

async function trySeed(seed: number, { shrink }: Task): Promise<unknown> {
  const limits = shrink ? { interruptAfterTimeLimit: SHRINK_MS } : { endOnFailure: true };
  const result = await fc.check(property, { seed, numRuns: 1, ...limits });
  if (!result.failed) return null;
  const smallest = result.counterexample?.[0];
  const story: string[] = [];
  if (shrink && smallest) await tryScenario(smallest, story).catch(() => undefined); // it fails as it did
  return { seed, message: textOf(result.errorInstance), scenario: smallest, story };
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function carryOut(task: Task): Promise<void> {
  const startCpu = process.cpuUsage();
  let tried = 0;
  const one = async (failure: unknown): Promise<boolean> => {
    tried++;
    if (failure) say(failure);
    return failure !== null && task.stopAtFirst;
  };
  if (Array.isArray(task.seeds)) {
    for (const name of task.seeds) if (await one(await tryKnown(name))) break;
  } else {
    for (let seed = task.seeds.from; seed < task.seeds.to; seed++) if (await one(await trySeed(seed, task))) break;
  }
  const { user, system } = process.cpuUsage(startCpu);
  say({ done: tried, coverage: [...coverage], cpuMs: (user + system) / 1000 });
  coverage.clear();
}

for await (const line of createInterface({ input: process.stdin })) await carryOut(JSON.parse(line) as Task);
