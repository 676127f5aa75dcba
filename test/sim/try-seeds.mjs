// Divides a range of seeds among worker processes and gathers what they found.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { put } from './compile.mjs';

/** So small that the processes end at about the same time. */
const SEEDS_PER_TURN = 250;
/** A bug may make the code spin: then the process is ended. */
const TURN_DEADLINE_MS = 300_000;

/** @returns {{tried: number, failures: {seed: number, message: string, scenario: unknown}[], coverage: Set<string>}} */
export async function trySeeds(task) {
  const { worker, guestCode, from, runs, workers, shrink = false, stopAtFirst = false, known = false } = task;
  const guest = put(`${task.name ?? 'guest'}.js`, guestCode);
  const found = { tried: 0, failures: [], coverage: new Set() };
  const isOver = () => stopAtFirst && found.failures.length > 0;
  let next = from;
  const takeTurns = async () => {
    while (next < from + runs && !isOver()) {
      const seeds = { from: next, to: Math.min(next + (task.turn ?? SEEDS_PER_TURN), from + runs) };
      const isFirst = next === from;
      next = seeds.to;
      await runWorker(worker, { guest, seeds, shrink, stopAtFirst, known: known && isFirst }, found);
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
  const deadline = setTimeout(() => child.kill('SIGKILL'), TURN_DEADLINE_MS);
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
  clearTimeout(deadline);
  if (!done) found.failures.push({ seed: task.seeds.from, message: `the worker ended with ${how}`, scenario: null });
}
