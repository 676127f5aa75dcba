// The supervisor dies, its instances die, and strangers get exactly their pids. Then it comes back, stops, starts and goes down:
// no stranger may be harmed. Prints {reused, harmed}.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { instances, mustOrch, parameters, ps, stateOf, until } from './orch.mjs';

const root = '/tmp/recycled';
const PER_ROUND = 40;
mkdirSync(root, { recursive: true });
writeFileSync(
  `${root}/procs.yaml`,
  `services:\n  a: { command: [sleep, "1000"], pool: ${PER_ROUND}, stop: { grace: 1s } }\n`,
);
let reused = 0;
let harmed = 0;
while (reused < parameters.reuses) {
  mustOrch(root, 'up', '-d', '--wait');
  const pids = [...instances().keys()];
  process.kill(ps(root).supervisor.pid, 'SIGKILL');
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await until('they are gone', () => pids.every((pid) => [null, 'Z'].includes(stateOf(pid))));
  await until('they are reaped', () => pids.every((pid) => stateOf(pid) === null));
  await pause(25); // start times count in steps of 10 ms
  const strangers = pids.map((pid) => takePid(pid));
  reused += strangers.filter(({ pid }, index) => pid === pids[index]).length;
  mustOrch(root, 'up', '-d');
  mustOrch(root, 'restart', 'a');
  mustOrch(root, 'down');
  for (const stranger of strangers) {
    if (stateOf(stranger.pid) !== 'S') harmed++;
    stranger.kill('SIGKILL');
  }
  await until('the strangers are gone', () =>
    strangers.every(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null),
  );
}
process.stdout.write(JSON.stringify({ reused, harmed }));

function takePid(pid) {
  writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
  return spawn('sleep', ['1000'], { stdio: 'ignore', detached: true });
}
