// `user`, `group` and `umask` with real processes. Needs root: other users cannot change to anyone.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject, instanceOf } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const isRoot = process.geteuid?.() === 0;
const USER = 'daemon';
const idOf = (what: string): string => execFileSync('id', [what, USER], { encoding: 'utf8' }).trim();
const statusOf = (pid: number, key: string): string[] =>
  new RegExp(`^${key}:\\s*(.*)$`, 'm')
    .exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]!
    .trim()
    .split(/\s+/);

test.skipIf(!isRoot)(
  'a service, its hooks and its probes run as its user, over a crash of the supervisor (needs root)',
  async () => {
    const project = createProject({
      'procs.yaml': `
services:
  web:
    command: 'echo "$HOME $USER $LOGNAME $(umask)"; echo reopened > /dev/stdout; echo apart > /dev/stderr; exec sleep 1000'
    user: ${USER}
    umask: "027"
    hooks: { before_start: 'echo "hook $(id -u)"; echo again > /dev/stdout' }
    readiness: { exec: 'test "$(id -u)" = ${idOf('-u')}', every: 100ms }
    stop: { command: 'echo "stop $(id -un)"; kill "$ORCH_PID"' }
  own: { command: [sleep, "1000"] }
`,
    });
    await project.up();
    const status = await project.ps();
    const pid = instanceOf(status, 'web.1').pid!;
    expect(statusOf(pid, 'Uid')).toEqual(Array(4).fill(idOf('-u')));
    expect(statusOf(pid, 'Gid')).toEqual(Array(4).fill(idOf('-g')));
    expect(statusOf(pid, 'Groups').sort()).toEqual(idOf('-G').split(' ').sort());
    expect(statusOf(pid, 'CapEff')).toEqual(['0000000000000000']);
    expect(statusOf(instanceOf(status, 'own.1').pid!, 'Uid')).toEqual(['0', '0', '0', '0']);
    const home = execFileSync('getent', ['passwd', USER], { encoding: 'utf8' }).split(':')[5];
    const said = async (): Promise<string> => (await project.orch(['logs', 'web'])).stdout;
    const lines = await waitFor('its output', said, (text) => text.includes('apart'));
    for (const line of [`${home} ${USER} ${USER} 0027`, 'reopened', `hook ${idOf('-u')}`, 'again'])
      expect(lines).toContain(line);
    process.kill(status.supervisor.pid, 'SIGKILL');
    await project.up();
    expect(instanceOf(await project.ps(), 'web.1')).toMatchObject({ pid, adopted: true });
    await project.mustOrch(['stop', 'web']);
    expect(await waitFor('its stop command', said, (text) => text.includes('stop '))).toContain(`stop ${USER}`);
    // Another user of the same service: its output follows.
    project.edit(
      'procs.yaml',
      project
        .read('procs.yaml')
        .replace(`user: ${USER}`, 'user: root')
        .replace(/readiness.*/, ''),
    );
    await project.mustOrch(['start', 'web']);
    await waitFor('root writes', said, (text) => text.includes('root root 0027'));
    await project.down();
  },
);

test.skipIf(!isRoot)('a program that its user may not run says so, and exits (needs root)', async () => {
  const project = createProject({
    'procs.yaml': `services: { web: { command: [./nothing-here], user: ${USER}, restart: never } }\n`,
  });
  await project.mustOrch(['up', '-d']);
  await waitFor('it failed', project.ps, (status) => instanceOf(status, 'web.1').state === 'failed');
  expect((await project.orch(['logs', 'web'])).stdout).toContain('nothing-here');
  await project.down();
});
