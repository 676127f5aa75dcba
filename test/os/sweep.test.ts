// The sweep: which processes belong to a nonce, how many scans that takes, and how long the event loop is blocked.
import { describe, expect, test } from 'vitest';
import { killTree } from '../../src/os/tree/signal.ts';
import { findProjectProcesses, sweepByNonce } from '../../src/os/tree/sweep.ts';
import { waitFor } from '../rig/wait-for.ts';
import { living, mark, startShell, startTree, type Tree } from './trees.ts';

const end = async (...trees: Tree[]) => {
  for (const tree of trees) {
    await killTree({ incarnation: tree.incarnation, isOurChild: tree.exit() === null }, { withinMs: 3000 });
  }
};

test('a scan describes each process', async () => {
  const env = {
    ORCH_INSTANCE_ID: 'api.1',
    ORCH_EMPTY: '',
    SECRET: 'x',
    MY_ORCH_NONCE: 'no',
    EQUALS: 'ORCH_NONCE=fake',
  };
  const tree = await startShell('exec sleep 1000', 1, env);
  const found = await sweepByNonce([tree.nonce, 'unknown']);
  expect(found.get('unknown')).toEqual([]);
  expect(found.get(tree.nonce)).toEqual([
    {
      pid: tree.incarnation.pid,
      startTime: tree.incarnation.startTime,
      nonce: tree.nonce,
      isSessionLeader: true,
      environment: { ORCH_NONCE: tree.nonce, ORCH_INSTANCE_ID: 'api.1', ORCH_EMPTY: '' },
      command: 'sleep',
    },
  ]);
  await end(tree);
});

test('a scan finds the nonce behind an environment of a megabyte', async () => {
  const filler = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`FILLER_${index}`, 'x'.repeat(100_000)]));
  const tree = await startShell('exec sleep 1000', 1, filler);
  expect((await sweepByNonce([tree.nonce])).get(tree.nonce)).toHaveLength(1);
  await end(tree);
});

test('a scan sees processes that are in the middle of an exec', async () => {
  const again = 'exec /bin/sh -c "$0" "$0"';
  const tree = await startTree(['/bin/sh', '-c', again, again]);
  for (let round = 0; round < 300; round++) {
    expect((await sweepByNonce([tree.nonce])).get(tree.nonce), `round ${round}`).toHaveLength(1);
  }
  await end(tree);
});

test('a scan does not count zombies and ended processes', async () => {
  const tree = await startShell('sleep 0.01 & exec sleep 1000', 1);
  await waitFor(
    'one left',
    () => living(tree).length,
    (size) => size === 1,
  );
  expect((await sweepByNonce([tree.nonce])).get(tree.nonce)).toHaveLength(1);
  await end(tree);
  expect((await sweepByNonce([tree.nonce])).get(tree.nonce)).toEqual([]);
});

test('a scan finds a project by the beginning of its nonces', async () => {
  const trees = [await startShell('exec sleep 1000', 1), await startShell('sleep 1000 & wait', 2)];
  expect((await findProjectProcesses([mark])).map(({ nonce }) => nonce).sort()).toEqual(
    [trees[0]?.nonce, trees[1]?.nonce, trees[1]?.nonce].sort(),
  );
  expect(await findProjectProcesses([`${mark}-none`])).toEqual([]);
  await end(...trees);
});

test('a scan ignores unrelated processes in a session whose leader is gone', async () => {
  const stranger = await startShell('env -i /bin/sleep 1000 & exec sleep 1000', 1);
  // As if our leader had had this pid long ago: other start time, exit never seen.
  const ours = { ...stranger.incarnation, startTime: '1', nonce: 'long gone' };
  expect((await sweepByNonce(['long gone'], new Map([['long gone', ours]]))).get('long gone')).toEqual([]);
  process.kill(-stranger.incarnation.pid, 'SIGKILL');
  await stranger.ended;
});

describe('among many processes', () => {
  test('a hundred requests cost one or two scans, and the event loop runs meanwhile', async () => {
    const crowd = await startShell('i=0; while [ $i -lt 300 ]; do sleep 1000 & i=$((i+1)); done; wait', 301);
    const alone = await timeOf(() => sweepByNonce([crowd.nonce]));
    const turns = watchTurns();
    const together = await timeOf(() => Promise.all(Array.from({ length: 100 }, () => sweepByNonce([crowd.nonce]))));
    expect(turns.stop()).toBeLessThan(25);
    expect(together).toBeLessThan(alone * 10 + 50);
    await end(crowd);
  });

  test('a scan that began before the request does not answer it', async () => {
    const first = sweepByNonce(['x']);
    await new Promise(setImmediate);
    const tree = await startTree(['/bin/sleep', '1000']);
    expect((await sweepByNonce([tree.nonce])).get(tree.nonce)).toHaveLength(1);
    await first;
    await end(tree);
  });
});

/** The longest turn of the event loop, in ms of CPU: a busy machine does not count. */
function watchTurns(): { stop(): number } {
  let longestMs = 0;
  let running = true;
  let before = process.cpuUsage();
  const turn = () => {
    const { user, system } = process.cpuUsage(before);
    longestMs = Math.max(longestMs, (user + system) / 1000);
    before = process.cpuUsage();
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    stop: () => {
      running = false;
      return longestMs;
    },
  };
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
