// A project on its own disk, which fills up while it runs: edits still apply, a crash duplicates nothing, and the state is
// written again once there is room.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { instances, mustOrch, orch, ps, until } from './orch.mjs';

const root = '/tmp/full';
mkdirSync(root, { recursive: true });
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', root]);
writeFileSync(
  `${root}/procs.yaml`,
  `services:
  a: { command: [sleep, "1000"], pool: 3 }
  b: { command: [sleep, "1000"] }
  s: { command: [sleep, "1000"], singleton: { key: s, scope: project } }
`,
);
mustOrch(root, 'up', '-d', '--wait');
const first = instances();
const keep = [...first]
  .filter(([, id]) => id.startsWith('a.'))
  .map(([pid]) => pid)
  .sort();

fill();
mustOrch(root, 'restart', 'b');
await until('b runs again', () => [...instances().values()].filter((id) => id === 'b.1').length === 1);
const events = mustOrch(root, 'events', '--json');
await until('it has settled', () => ps(root).converged);
const before = [...instances().keys()].sort();
process.kill(ps(root).supervisor.pid, 'SIGKILL');
const up = orch(root, 'up', '-d');
const after = [...instances().keys()].sort();
// A singleton whose claim cannot be written is not started; it is once there is room again.
const pidOfSingleton = () => [...instances()].find(([, id]) => id === 's.1')?.[0];
process.kill(pidOfSingleton(), 'SIGKILL');
await until('its start has failed', () =>
  ps(root).services.some(({ name, instances }) => name === 's' && instances[0].lastExit?.spawnError),
);
const startedUnclaimed = pidOfSingleton() !== undefined;

rmSync(`${root}/filler`);
await until('the state is written', () => isWritten());
mustOrch(root, 'up', '-d', '--wait');
const names = [...instances().values()].sort();
mustOrch(root, 'down');
process.stdout.write(
  JSON.stringify({
    told: /state_not_saved/.test(events),
    upStatus: up.status,
    restarted: after.filter((pid) => !before.includes(pid)).map((pid) => instances().get(pid) ?? pid),
    ended: before.filter((pid) => !after.includes(pid)),
    startedUnclaimed,
    kept: keep.every((pid) => after.includes(pid)),
    names,
    left: [...instances().values()],
  }),
);

function fill() {
  for (let size = 1024 * 1024; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (;;) writeFileSync(`${root}/filler`, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
    }
  }
}

function isWritten() {
  try {
    return (
      JSON.parse(readFileSync(`${root}/.orch/state.json`, 'utf8')).slots.filter(({ phase }) => phase.kind === 'alive')
        .length === 5
    );
  } catch {
    return false; // not there yet
  }
}
