// Files of the program: what happens when they change, with real files and processes.
import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const SLEEP = '[sleep, "1000"]';
const events = async (project: Project, type: string) =>
  (await project.events()).filter((event) => event.type === type);
const happened = (project: Project, type: string, count = 1) =>
  waitFor(
    `${count} × ${type}`,
    () => events(project, type),
    (seen) => seen.length >= count,
    15_000,
  );

/** The watch stands a moment after `up`; until then a change may go unseen. */
async function watching(project: Project): Promise<void> {
  let n = 0;
  await waitFor(
    'the watch stands',
    () => {
      project.write('probe/file', String(n++));
      return events(project, 'files_changed');
    },
    (seen) => seen.some(({ details }) => details.service === 'probe'),
  );
}

const PROBE = `probe: { command: ${SLEEP}, watch: { paths: [probe/**], action: run, run: "true", debounce: 10ms } }`;

test('restart: a burst of changes restarts the pool once, and other files restart nothing', async () => {
  const project = createProject({
    'src/a.js': '1',
    'procs.yaml': `
services:
  api: { command: ${SLEEP}, pool: 2, watch: { paths: ['src/**/*.js'], ignore: ['src/gen/**'], debounce: 300ms } }
  other: { command: ${SLEEP} }
  ${PROBE}
`,
  });
  await project.up();
  await watching(project);
  const before = incarnations(project.instances());
  for (const name of ['src/a.txt', 'src/gen/x.js', 'b.js', 'src/node_modules/m.js']) project.write(name, 'x');
  for (const name of ['src/a.js', 'src/deep/b.js', 'src/c.js']) project.write(name, 'x');
  const [event] = (await happened(project, 'files_changed', 2)).filter(({ details }) => details.service === 'api');
  expect((event!.details.files as string[]).sort()).toEqual(['src/a.js', 'src/c.js', 'src/deep/b.js']);
  await waitFor(
    'both are replaced',
    () => incarnations(project.instances()),
    (now) => ['api.1', 'api.2'].every((id) => now[id] !== undefined && now[id] !== before[id]),
    15_000,
  );
  await project.mustOrch(['wait']);
  expect(incarnations(project.instances())['other.1']).toBe(before['other.1']);
  expect(instanceOf(await project.ps(), 'api.1').restarts).toBe(1);
  rmSync(project.path('src/c.js'));
  await waitFor(
    'a removal counts',
    () => events(project, 'files_changed'),
    (seen) => seen.filter(({ details }) => details.service === 'api').length === 2,
  );
  await project.down();
});

test('signal and run do not restart the process, and a failing command is reported', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  api:
    command: 'trap "echo hup >> told" HUP; while :; do sleep 0.05; done'
    watch: { paths: [conf/*], action: signal, signal: SIGHUP, debounce: 10ms }
  build:
    command: ${SLEEP}
    watch: { paths: [src/*], action: run, run: 'echo built >> told; test -e fine', debounce: 10ms }
  ${PROBE}
`,
  });
  await project.up();
  await watching(project);
  const pids = async () => (await project.ps()).services.map(({ instances }) => instances[0]!.pid);
  const before = await pids();
  const told = () => (project.exists('told') ? project.read('told') : '');
  project.write('conf/api.conf', '1');
  await waitFor('the signal', told, (text) => text.includes('hup'));
  project.write('src/a.c', '1');
  await waitFor('the command', told, (text) => text.includes('built'));
  expect((await happened(project, 'watch_failed'))[0]!.message).toBe(
    'build: the command of its watch failed: exit code 1',
  );
  expect(await pids()).toEqual(before);
  await project.down();
});
