// In a pid namespace of its own: lets another process have the pid of an instance that ended, again and again, and aims every
// kind of signal at the instance. Prints how many processes got the pid and how many of them were harmed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isAlive } from '../../../src/os/process/identity.ts';
import { type SpawnRequest, spawnInstance } from '../../../src/os/spawn/spawn.ts';
import type { TreeMember } from '../../../src/os/tree/process-scan.ts';
import { killTree, signalTree } from '../../../src/os/tree/signal.ts';
import { stopTree } from '../../../src/os/tree/stop-tree.ts';
import { sweepByNonce } from '../../../src/os/tree/sweep.ts';

const rounds = Number(process.argv[2]);
const out = openSync('/dev/null', 'r+');
let recycled = 0;
let harmed = 0;

const loop = setInterval(() => undefined, 1000); // the children do not hold the event loop
for (let round = 0; round < rounds; round++) {
  const nonce = `recycled-${round}`;
  const { incarnation, swept } = await liveAndDie(nonce);
  await sleep(25); // start times count in steps of 10 ms
  writeFileSync('/proc/sys/kernel/ns_last_pid', String(incarnation.pid - 1));
  const stranger = spawn('sleep', ['1000'], { stdio: 'ignore', detached: round % 2 === 0 });
  const ended = once(stranger, 'exit');
  if (stranger.pid === incarnation.pid) recycled++;
  const target = { incarnation, isOurChild: false };
  if (isAlive(incarnation)) harmed++;
  signalTree(target, 'SIGKILL', swept);
  await killTree(target, { withinMs: 50 });
  await stopTree(target, { signal: 'SIGKILL', graceMs: 10 });
  await sleep(2);
  if (stranger.exitCode !== null || stranger.signalCode !== null) harmed++;
  stranger.kill('SIGKILL');
  await ended;
}
clearInterval(loop);
process.stdout.write(JSON.stringify({ recycled, harmed }));

/** Returns what a supervisor may still remember of an instance that has gone. */
async function liveAndDie(nonce: string) {
  let ended: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const env = { PATH: process.env.PATH ?? '', ORCH_NONCE: nonce };
  const request: SpawnRequest = {
    file: '/bin/sleep',
    args: ['1000'],
    cwd: '/',
    env,
    stdin: 'ignore',
    stdout: out,
    stderr: out,
  };
  const result = await spawnInstance(request, () => ended());
  if (!result.ok) throw new Error(result.detail);
  const incarnation = identify(result.pid, nonce)!;
  const swept: TreeMember[] = (await sweepByNonce([nonce])).get(nonce) ?? [];
  if (swept.length !== 1) throw new Error(`swept ${swept.length}`);
  process.kill(result.pid, 'SIGKILL');
  await gone;
  return { incarnation, swept };
}
