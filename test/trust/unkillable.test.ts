// What SIGKILL does not end, here another user's process: `stop` and `down` say so in time, the rest is stopped in its order,
// and the next supervisor starts no second one.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { cleanEnvironment, MAIN } from '../rig/orch.ts';
import { killByIdentity, type LiveProcess } from '../rig/processes.ts';
import { createProject, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';
import { slowness } from './slowness.ts';

const GRACE_MS = 300;
const OTHER_USER = '65534';
const AS_OTHER_USER = ['--reuid', OTHER_USER, '--regid', OTHER_USER, '--clear-groups'];
const YAML = `
defaults: { stop: { grace: ${GRACE_MS}ms } }
services:
  db: { command: [sh, obeys.sh] }
  api: { command: [./becomes-root, --reuid, "0", --clear-groups, sleep, "54321"], depends_on: [db] }
`;
const OBEYS = `trap 'echo stopped >>stops.txt; exit 0' TERM\nwhile :; do sleep 0.1; done\n`;

test.skipIf(!mayBecomeRoot())('stop and down exit and name the processes that they cannot end', async () => {
  const project = createProject({ 'procs.yaml': YAML, 'obeys.sh': OBEYS });
  copyFileSync(execFileSync('which', ['setpriv'], { encoding: 'utf8' }).trim(), project.path('becomes-root'));
  chmodSync(project.path('becomes-root'), 0o4755);
  execFileSync('chown', [`${OTHER_USER}:${OTHER_USER}`, project.root]);
  // The other user may not be able to read this clone: "mktemp -d" makes a private directory.
  cpSync(dirname(MAIN), project.path('built'), { recursive: true });
  const boundMs = (GRACE_MS + 2_000 + 2_000) * (await slowness());
  expect(await asNobody(project, 'up', '-d', '--wait')).toMatchObject({ exitCode: 0 });
  const lives = await waitFor(
    'it is root',
    () => sleeping(project),
    (seen) => seen.length === 1 && isRoot(seen[0]!.pid),
  );
  const api = lives[0]!;
  try {
    for (const command of [['stop', 'api'], ['down'], ['down']]) {
      const { exitCode, stderr, durationMs } = await asNobody(project, ...command);
      expect(stderr).toContain(`still alive: api.1 (pid ${api.pid})`);
      expect(exitCode).toBe(1);
      expect(durationMs, command.join(' ')).toBeLessThan(boundMs);
    }
    expect(project.read('stops.txt')).toBe('stopped\n');
    expect(project.processes().map(({ pid }) => pid)).toEqual([api.pid]);
    await asNobody(project, 'up', '-d');
    expect(sleeping(project).map(({ pid }) => pid)).toEqual([api.pid]);
  } finally {
    killByIdentity(api);
  }
  expect(await asNobody(project, 'down')).toMatchObject({ exitCode: 0 });
  expect(project.processes()).toEqual([]);
});

const sleeping = (project: Project): LiveProcess[] =>
  project.processes().filter(({ command }) => command.startsWith('sleep 54321'));

function isRoot(pid: number): boolean {
  return /^Uid:\t0\t/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

function asNobody(project: Project, ...args: string[]) {
  const env = { ...cleanEnvironment(), ...project.env, HOME: project.root, XDG_RUNTIME_DIR: project.root };
  const main = join(project.path('built'), basename(MAIN));
  const command = [...AS_OTHER_USER, process.execPath, main, ...args];
  return execa('setpriv', command, { cwd: project.root, env, extendEnv: false, reject: false, timeout: 60_000 });
}

/** We are root, and another user can run Node. */
function mayBecomeRoot(): boolean {
  const asOther = () => spawnSync('setpriv', [...AS_OTHER_USER, process.execPath, '--version'], { cwd: '/' });
  return process.getuid?.() === 0 && asOther().status === 0;
}
