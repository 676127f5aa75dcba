// Divides scenarios among worker processes and gathers what they found.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { FLAGS, put, REPLAY_FLAGS } from './compile.mjs';

/** So small that the processes end at about the same time. */
const SEEDS_PER_TURN = 50;
/** A bug may make the code spin: then the process is ended. */
const TURN_DEADLINE_MS = 300_000;

/**
 * @param task `turns`: each a range of seeds or a list of names; `onFailure` is called as they are found
 * @returns {{tried: number, cpuMs: number, failures: {seed: number, message: string, scenario: unknown}[], coverage: Set<string>}}
 */
export async function trySeeds(task) {
  const { turns, workers, shrink = false, stopAtFirst = false, onFailure = () => undefined } = task;
  const guest = put(`${task.name ?? 'guest'}.js`, task.guestCode);
  const found = { tried: 0, cpuMs: 0, failures: [], coverage: new Set() };
  const rest = [...turns];
  const fail = (failure) => {
    found.failures.push(failure);
    onFailure(failure);
  };
  const takeTurns = async () => {
    let worker = null;
    while (rest.length > 0 && !(stopAtFirst && found.failures.length > 0)) {
      worker ??= startWorker([...(shrink ? REPLAY_FLAGS : FLAGS), task.worker, guest], { found, fail });
      const seeds = rest.shift();
      const how = await worker.take({ seeds, shrink, stopAtFirst });
      if (how === null) continue;
      worker = null;
      fail({
        seed: Array.isArray(seeds) ? seeds[0] : seeds.from,
        message: `the worker ended with ${how}`,
        scenario: null,
      });
    }
    worker?.end();
  };
  await Promise.all(Array.from({ length: workers }, takeTurns));
  return found;
}

/** @returns {{from: number, to: number}[]} */
export function turnsOf(from, runs, seedsPerTurn = SEEDS_PER_TURN) {
  const turns = [];
  for (let at = from; at < from + runs; at += seedsPerTurn)
    turns.push({ from: at, to: Math.min(at + seedsPerTurn, from + runs) });
  return turns;
}

/** `take` resolves when the turn is over: with null, or with how the process ended instead. */
function startWorker(args, { found, fail }) {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let finish = () => undefined;
  child.stdin.on('error', () => undefined); // it has ended, which `close` tells
  child.once('close', (code, signal) => finish(signal ?? code));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = JSON.parse(line);
    if (!('done' in message)) return fail(message);
    found.tried += message.done;
    found.cpuMs += message.cpuMs;
    for (const mark of message.coverage) found.coverage.add(mark);
    finish(null);
  });
  const take = (turn) =>
    new Promise((resolve) => {
      const deadline = setTimeout(() => child.kill('SIGKILL'), TURN_DEADLINE_MS);
      finish = (how) => {
        clearTimeout(deadline);
        resolve(how);
      };
      child.stdin.write(`${JSON.stringify(turn)}\n`);
    });
  return { take, end: () => child.stdin.end() };
}
