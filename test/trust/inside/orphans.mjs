// A container whose process 1 never reaps: orphans of instances must not stay as zombies, and every exit that a client
// waits for is still reported.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustOrch, ps, until } from './orch.mjs';

const root = mkdtempSync(join(tmpdir(), 'orch-orphans-'));
const ORPHANS = 200;
const yaml = (more) => `services:
  short: { command: 'for n in $(seq ${ORPHANS}); do (sleep 0.01 &) ; done; echo >> done; sleep 1000' }
  long: { command: '(sleep 987 &) ; sleep 1000' }
  plain: { command: 'echo >> plain; sleep 0.2; exit 3', restart: { policy: always, backoff: { initial: 50ms, max: 50ms } } }
  forked: { command: 'echo >> forked; sleep 0.2; exit 4', listen: [./held.sock], restart: { policy: always, backoff: { initial: 50ms, max: 50ms } } }
  probed: { command: [sleep, "1000"], readiness: { exec: 'sleep 0.01', every: 50ms } }
${more}`;
writeFileSync(`${root}/procs.yaml`, yaml(''));
mustOrch(root, 'up', '-d');
const { pid } = ps(root).supervisor;
const lines = (name) => {
  try {
    return readFileSync(`${root}/${name}`).length;
  } catch {
    return 0; // not written yet
  }
};
await until('the orphans were made', () => lines('done') > 0);
await until('exits are reported', () => lines('plain') >= 4 && lines('forked') >= 4);
const service = (name) => ps(root).services.find((one) => one.name === name);
await until('probes continue', () => service('probed').ready === 1);
// The process that reads the file is a child of Node.
writeFileSync(`${root}/procs.yaml`, yaml('  added: { command: [sleep, "1000"] }\n'));
await until('an edit is read', () => service('added')?.ready === 1);
await until('no zombie is left', () => zombies().length === 0);
const adopted = processes().find(({ comm, args }) => comm === 'sleep' && args.includes('987')).parent === pid;
const exits = ['plain', 'forked'].map((name) => service(name).instances[0].lastExit);
mustOrch(root, 'down');
rmSync(root, { recursive: true });
const left = processes().filter(({ comm }) => comm === 'sleep').length;
process.stdout.write(JSON.stringify({ adopted, exits, left }));

function zombies() {
  return processes().filter(({ state, comm }) => state === 'Z' && comm === 'sleep');
}

function processes() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const comm = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
        return [
          {
            pid: Number(name),
            comm,
            state,
            parent: Number(parent),
            args: readFileSync(`/proc/${name}/cmdline`, 'utf8'),
          },
        ];
      } catch {
        return []; // gone
      }
    });
}
