// Divides a range of seeds among worker processes and gathers what they found.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { put } from './compile.mjs';

/** So small that the processes end at about the same time. */
const SEEDS_PER_TURN = 250;

/** @returns {{tried: number, failures: {seed: number, message: string, scenario: unknown}[], coverage: Set<string>}} */
export async function trySeeds({
  worker,
  guestCode,
  from,
  runs,
  workers,
  shrink = false,
  stopAtFirst = false,
  name = 'guest',
}) {
  const guest = put(`${name}.js`, guestCode);
  const found = { tried: 0, failures: [], coverage: new Set() };
  let next = from;
  const takeTurns = async () => {
    while (next < from + runs && !(stopAtFirst && found.failures.length > 0)) {
      const seeds = { from: next, to: Math.min(next + SEEDS_PER_TURN, from + runs) };
      next = seeds.to;
      await runWorker(worker, { guest, seeds, shrink, stopAtFirst }, found);
    }
  };
  await Promise.all(Array.from({ length: workers }, takeTurns));
  return found;
}

async function runWorker(worker, task, found) {
  const child = spawn(process.execPath, ['--enable-source-maps', worker, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
  let done = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const message = JSON.parse(line);
    if ('done' in message) {
      done = true;
      found.tried += message.done;
      for (const mark of message.coverage) found.coverage.add(mark);
    } else found.failures.push(message);
  }
  const how = await ended;
  if (!done) found.failures.push({ seed: task.seeds.from, message: `the worker ended with ${how}`, scenario: null });
}
