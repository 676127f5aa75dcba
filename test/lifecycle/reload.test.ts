// `reload`: programs read their own configuration again and keep running.
import { expect, test } from 'vitest';
import { createProject, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const LOOP = 'while :; do sleep 0.02; done';
const YAML = `
services:
  web:
    command: 'trap "echo hup >> hups-$ORCH_INSTANCE" HUP; touch set-$ORCH_INSTANCE; ${LOOP}'
    pool: 2
    reload: { signal: SIGHUP }
    watch: { paths: [web.conf], action: reload, debounce: 50ms }
  proxy:
    command: [sleep, "1000"]
    reload: { command: 'test ! -e broken || { echo "line 3: no such host"; exit 1; }; echo "$ORCH_PID" > reloaded' }
  plain: { command: [sleep, "1000"] }
`;
const pids = async (project: Project) =>
  (await project.ps()).services.flatMap(({ instances }) => instances.map(({ pid }) => pid));

test('reload sends the signal or runs the command, restarts nothing, and says what it did', async () => {
  const project = createProject({ 'procs.yaml': YAML, 'web.conf': 'one' });
  await project.up();
  await waitFor('the traps', () => project.exists('set-1') && project.exists('set-2'), Boolean);
  const before = await pids(project);
  const { stdout } = await project.mustOrch(['reload', 'web', 'proxy']);
  expect(stdout).toBe('reloaded web.1 (SIGHUP)\nreloaded web.2 (SIGHUP)\nreloaded proxy.1 (its command)\n');
  expect(project.read('reloaded').trim()).toBe(String(before[2]));
  const hups = (index: number) => () => (project.exists(`hups-${index}`) ? project.read(`hups-${index}`) : '');
  for (const index of [1, 2]) await waitFor(`web.${index}`, hups(index), (seen) => seen === 'hup\n');
  project.edit('web.conf', 'two');
  for (const index of [1, 2]) await waitFor(`web.${index} again`, hups(index), (seen) => seen === 'hup\nhup\n');
  const one = await project.mustOrch(['reload', 'web.2', '--json']);
  expect(JSON.parse(one.stdout)).toEqual({ instances: [{ id: 'web.2', how: 'SIGHUP', error: null }] });
  expect(await pids(project)).toEqual(before);
  const types = (await project.events()).filter(({ type }) => type === 'reloaded').map(({ instance }) => instance);
  expect(types.sort()).toEqual(['proxy.1', 'web.1', 'web.1', 'web.2', 'web.2', 'web.2']);
  await project.down();
});

test('what cannot be reloaded is refused, or fails with a reason, and it keeps running', async () => {
  const project = createProject({ 'procs.yaml': YAML, 'web.conf': 'one', broken: '' });
  await project.up();
  const before = await pids(project);
  expect(await project.orch(['reload', 'plain'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/plain has no `reload`[\s\S]*orch restart plain/),
  });
  const failed = await project.orch(['reload', 'proxy']);
  expect(failed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('line 3: no such host') });
  expect((await project.orch(['logs', 'proxy'])).stdout).toContain('line 3: no such host');
  await project.mustOrch(['stop', 'web.1']);
  expect((await project.mustOrch(['reload', 'web'])).stdout).toBe('reloaded web.2 (SIGHUP)\n');
  expect(await project.orch(['reload', 'web.1'])).toMatchObject({ exitCode: 1 });
  expect((await pids(project)).slice(1)).toEqual(before.slice(1));
  // An edit of `reload` is applied in place.
  project.edit('procs.yaml', YAML.replace("'test ! -e broken", "'true || test ! -e broken").replace('SIGHUP', 'USR1'));
  await waitFor('the edit', project.ps, ({ generation }) => generation === 2);
  expect((await project.mustOrch(['reload', 'proxy'])).stdout).toBe('reloaded proxy.1 (its command)\n');
  await project.down();
});
