// Asks every port of a pool again and again, one connection an answer, and keeps count: what clients would see.
import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

export type Load = {
  /** The fewest ports that answered in one round so far, and the most. */
  fewest(): number;
  rounds(): number;
  /** Forgets what was counted. */
  reset(): void;
  stop(): Promise<void>;
};

/** @param isServing what an answer must say to count; default: status 200. */
export function startLoad(ports: readonly number[], isServing = (status: number) => status === 200): Load {
  let fewest = Number.POSITIVE_INFINITY;
  let rounds = 0;
  let isStopped = false;
  const countServing = async (): Promise<number> =>
    (await Promise.all(ports.map((port) => ask(port)))).filter(isServing).length;
  const run = async (): Promise<void> => {
    while (!isStopped) {
      let serving = await countServing();
      // A request that was under way when its instance stopped proves nothing: a low count must be seen twice.
      if (serving < fewest) serving = Math.max(serving, await countServing());
      fewest = Math.min(fewest, serving);
      rounds++;
      await pause(10);
    }
  };
  const running = run();
  return {
    fewest: () => fewest,
    rounds: () => rounds,
    reset: () => {
      fewest = Number.POSITIVE_INFINITY;
      rounds = 0;
    },
    stop: async () => {
      isStopped = true;
      await running;
    },
  };
}

/** @returns the status; 0: refused, broken off, or no answer within 5 s (a busy machine answers late). */
function ask(port: number): Promise<number> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, agent: false, timeout: 5_000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(0));
    asked.end();
  });
}
