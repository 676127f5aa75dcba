// A supervisor without a free descriptor keeps running, takes no instance for dead, and catches up once it has some again.
import { execFileSync, spawnSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { projectPaths } from '../../src/api/paths.ts';
import { countDescriptors, killByIdentity } from '../rig/processes.ts';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { linesOf } from '../rig/records.ts';
import { logWritersOf, mainsOf, theSupervisor } from '../rig/supervisors.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';

const YAML = `
services:
  a: { command: [sleep, "1000"], pool: 3, limits: { memory: 1GiB } }
  b: { command: [sleep, "1000"], readiness: { exec: ["true"], every: 200ms, failures: 1000 } }
`;
const PLENTY = 1024;
const mayLimit = spawnSync('prlimit', ['--version']).status === 0;

test.skipIf(!mayLimit)(
  'a supervisor without free descriptors loses no instance, starts none twice, and applies an edit later',
  async () => {
    const project = createProject({ 'procs.yaml': YAML });
    await project.up();
    const { pid } = theSupervisor(project);
    const before = incarnations(mainsOf(project));
    const crowd = await exhaust(project, pid);
    try {
      const [writer] = logWritersOf(project);
      killByIdentity(mainsOf(project).find(({ instance }) => instance === 'a.1')!);
      killByIdentity(writer!);
      project.edit('procs.yaml', `${YAML}  c: { command: [sleep, "1000"] }\n`);
      await holdsFor(
        'instances that were not killed keep running',
        () => incarnations(mainsOf(project)),
        (seen) => ['a.2', 'a.3', 'b.1'].every((id) => seen[id] === before[id]),
        4_000,
      );
    } finally {
      limit(pid, PLENTY);
      for (const socket of crowd) socket.destroy();
    }
    const after = await waitFor(
      'the edit is made up for, and a.1 is back',
      () => incarnations(mainsOf(project)),
      (seen) => Object.keys(seen).join() === 'a.1,a.2,a.3,b.1,c.1',
      20_000,
    );
    expect(after).toMatchObject({ 'a.2': before['a.2'], 'a.3': before['a.3'], 'b.1': before['b.1'] });
    expect(theSupervisor(project).pid).toBe(pid);
    expect(project.exists('.orch/supervisor.log') ? project.read('.orch/supervisor.log') : '').not.toMatch(/fault/);
    await project.mustOrch(['wait', '--for', 'converged', '--timeout', '20s']);
    await project.down();
  },
);

/** Takes what is free below the limit, too. @returns connections that the supervisor holds. */
async function exhaust(project: Project, pid: number): Promise<Socket[]> {
  limit(pid, countDescriptors(pid)!);
  const path = projectPaths(project.root).socket;
  const crowd = Array.from({ length: 40 }, () => connect(path));
  for (const socket of crowd) socket.on('error', () => undefined); // refused is what they are for
  await Promise.all(
    crowd.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))),
  );
  return crowd;
}

function limit(pid: number, descriptors: number): void {
  execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${descriptors}:`]);
}

test.skipIf(!mayLimit)(
  'a log writer without a descriptor left: what new instances print waits, and is read then',
  async () => {
    const queue = 'log_queues: { default: { path: out.log, format: raw, rotate: { size: 1GiB } } }\n';
    const project = createProject({
      'procs.yaml': `${queue}services: { n: { command: [sh, numbers.sh], pool: 1 } }\n`,
      'numbers.sh': 'n=0\nwhile :; do n=$((n+1)); echo "$ORCH_INSTANCE_ID $n"; sleep 0.05; done\n',
    });
    await project.up();
    const [writer] = logWritersOf(project);
    const printed = (id: string) => linesOf(project.path('out.log')).filter((line) => line.startsWith(`${id} `));
    // A writer without a descriptor before it listens would be another test: it is taken for one that failed to start.
    await waitFor(
      'the writer reads',
      () => printed('n.1').length,
      (count) => count > 0,
    );
    // Below all that it has: it cannot open one more, even if there are gaps between the numbers.
    limit(writer!.pid, 3);
    await project.mustOrch(['scale', '--ephemeral', 'n=4']);
    await waitFor(
      'the writer has found none',
      () => project.events(),
      (seen) => seen.some(({ type }) => type === 'log_unread'),
    );
    limit(writer!.pid, PLENTY);
    await waitFor(
      'all are read',
      () => ['n.1', 'n.2', 'n.3', 'n.4'].map((id) => printed(id).length),
      (seen) => seen.every((count) => count > 10),
    );
    await project.down();
    for (const id of ['n.1', 'n.2', 'n.3', 'n.4']) {
      expect(printed(id)).toEqual(printed(id).map((_, index) => `${id} ${index + 1}`));
    }
  },
);
