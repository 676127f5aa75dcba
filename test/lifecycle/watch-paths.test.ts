// What the paths of `watch` mean, links among them, and watching without inotify: with real files and processes.
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { EventRecord } from '../../src/api/protocol.ts';
import { MAIN } from '../rig/orch.ts';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const SLEEP = '[sleep, "1000"]';

async function changesOf(project: Project, service: string): Promise<EventRecord[]> {
  const events = await project.events();
  return events.filter(({ type, details }) => type === 'files_changed' && details.service === service);
}

const filesOf = async (project: Project, service: string): Promise<string[]> =>
  (await changesOf(project, service)).flatMap(({ details }) => details.files as string[]);

/** Writes again until it is seen: a watch is complete a moment after `up`. */
async function untilSeen(project: Project, service: string, name: string, write: (n: number) => void): Promise<void> {
  let n = 0;
  await waitFor(
    `${service} sees ${name}`,
    async () => {
      write(n++);
      await sleep(100);
      return filesOf(project, service);
    },
    (seen) => seen.includes(name),
    10_000,
  );
}

/** Writes a file once, to a watch that is complete. */
async function seesOnce(project: Project, service: string, name: string, act: () => void): Promise<void> {
  const before = (await changesOf(project, service)).length;
  act();
  await waitFor(
    `${service} sees ${name}`,
    async () => (await changesOf(project, service)).slice(before).flatMap(({ details }) => details.files as string[]),
    (seen) => seen.includes(name),
    10_000,
  );
}

const watching = (service: string, paths: string): string =>
  `  ${service}: { command: ${SLEEP}, watch: { paths: ${paths}, action: run, run: "true", debounce: 20ms } }\n`;

/** A user namespace has limits of its own: those of the machine are not touched. */
function mayLimitWatches(): boolean {
  try {
    const line = 'echo 0 > /proc/sys/user/max_inotify_watches';
    execFileSync('unshare', ['-Ur', 'sh', '-c', line], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // no user namespaces here
  }
}

test.each([
  ['a directory', "['src']", 'src/deep/a.js'],
  ['a directory with a slash', "['./src/']", 'src/deep/a.js'],
  ['the project', "['.']", 'src/deep/a.js'],
  ['a directory below a glob', "['packages/*/src']", 'packages/a/src/deep/a.js'],
  ['a single file', "['conf.json']", 'conf.json'],
  ['an absolute directory', "['ROOT/src']", 'src/deep/a.js'],
  ['an absolute glob', "['ROOT/src/**/*.js']", 'src/deep/a.js'],
  ['dots within a path', "['src/../lib/**']", 'lib/deep/a.js'],
])('%s is watched, and nothing else', async (_name, paths, file) => {
  const project = createProject({ [file]: '0', 'other/b.js': '0' });
  project.write(
    'procs.yaml',
    `services:\n${watching('api', paths.replace('ROOT', project.root))}${watching('other', "['other/**']")}`,
  );
  await project.up();
  await untilSeen(project, 'api', file, (n) => project.write(file, String(n)));
  if (paths === "['.']") return;
  await untilSeen(project, 'other', 'other/b.js', (n) => project.write('other/b.js', String(n)));
  expect(new Set(await filesOf(project, 'api'))).toEqual(new Set([file]));
});

test('files outside the project are watched (a monorepo)', async () => {
  const project = createProject({
    'lib/a.js': '0',
    'app/procs.yaml': `services:\n${watching('api', "['../lib/**']")}`,
  });
  const inApp = { cwd: project.path('app') };
  await project.mustOrch(['up', '-d', '--wait'], inApp);
  const seen = async () => (await project.mustOrch(['events', '--json'], inApp)).stdout;
  let n = 0;
  await waitFor(
    'the edit is seen',
    () => {
      project.write('lib/a.js', String(n++));
      return seen();
    },
    (text) => text.includes('"../lib/a.js"'),
  );
  await project.mustOrch(['down'], inApp);
});

test('`!` takes files out, and what orch writes itself never counts', async () => {
  const project = createProject({
    'src/a.js': '0',
    'procs.yaml': `
log_queues: { default: { path: out/all.log, rotate: { size: 4KiB } } }
services:
${watching('api', "['.', '!src/gen/**']")}
  talker: { command: 'while :; do echo hello; sleep 0.05; done' }
`,
  });
  await project.up();
  await untilSeen(project, 'api', 'src/a.js', (n) => project.write('src/a.js', String(n)));
  await seesOnce(project, 'api', 'src/z.js', () => {
    project.write('src/gen/x.js', '1');
    project.write('src/z.js', '1');
  });
  expect(new Set(await filesOf(project, 'api'))).toEqual(new Set(['src/a.js', 'src/z.js']));
});

test('links restart nothing by being there, neither after a start nor for the next supervisor', async () => {
  const project = createProject({
    'lib/shared.js': '0',
    'src/a.js': '0',
    'other/b': '0',
    'procs.yaml': `
services:
  api: { command: ${SLEEP}, watch: ['src/**'] }
${watching('other', "['other']")}`,
  });
  symlinkSync('../lib', project.path('src/lib'));
  symlinkSync('../lib/shared.js', project.path('src/shared.js'));
  symlinkSync('nowhere', project.path('src/broken'));
  symlinkSync('..', project.path('src/up'));
  symlinkSync('.', project.path('src/loop'));
  await project.up();
  const before = incarnations(project.instances());
  await untilSeen(project, 'other', 'other/b', (n) => project.write('other/b', String(n)));
  await sleep(600);
  expect(incarnations(project.instances())).toEqual(before);
  await project.mustOrch(['upgrade']);
  await untilSeen(project, 'other', 'other/b', (n) => project.write('other/b', `again ${n}`));
  await sleep(600);
  expect(incarnations(project.instances())).toEqual(before);
  expect(await changesOf(project, 'api')).toEqual([]);
});

test('edits behind links are seen, and so are links that switch', async () => {
  const project = createProject({
    'lib/shared.js': '0',
    'lib/deep/b.js': '0',
    'releases/1/conf/c.json': '0',
    'releases/2/conf/c.json': '0',
    'src/a.js': '0',
    'procs.yaml': `services:\n${watching('api', "['src/**', 'current/conf/**']")}`,
  });
  symlinkSync('../lib', project.path('src/lib'));
  symlinkSync('../lib/shared.js', project.path('src/shared.js'));
  symlinkSync('releases/1', project.path('current'));
  await project.up();
  await untilSeen(project, 'api', 'src/a.js', (n) => project.write('src/a.js', String(n)));
  await seesOnce(project, 'api', 'src/lib/deep/b.js', () => project.write('lib/deep/b.js', '1'));
  await seesOnce(project, 'api', 'src/shared.js', () => project.edit('lib/shared.js', 'replaced'));
  await seesOnce(project, 'api', 'src/shared.js', () => project.edit('lib/shared.js', 'replaced again'));
  await seesOnce(project, 'api', 'current/conf/c.json', () => project.write('releases/1/conf/c.json', '1'));
  await seesOnce(project, 'api', 'current/conf/c.json', () => {
    symlinkSync('releases/2', project.path('next'));
    renameSync(project.path('next'), project.path('current'));
  });
  await seesOnce(project, 'api', 'current/conf/c.json', () => project.write('releases/2/conf/c.json', 'second'));
});

test('directories that go, come back or come later are watched', async () => {
  const project = createProject({
    'src/a.js': '0',
    'procs.yaml': `services:\n${watching('api', "['src', 'later/**/*.js']")}`,
  });
  await project.up();
  await untilSeen(project, 'api', 'src/a.js', (n) => project.write('src/a.js', String(n)));
  await seesOnce(project, 'api', 'src/new/deep/b.js', () => project.write('src/new/deep/b.js', '0'));
  await seesOnce(project, 'api', 'src/new/deep/b.js', () => project.write('src/new/deep/b.js', '1'));
  await seesOnce(project, 'api', 'src/a.js', () => rmSync(project.path('src'), { recursive: true }));
  await seesOnce(project, 'api', 'src/c.js', () => project.write('src/c.js', '0'));
  await seesOnce(project, 'api', 'later/x/d.js', () => project.write('later/x/d.js', '0'));
  await seesOnce(project, 'api', 'later/x/d.js', () => unlinkSync(project.path('later/x/d.js')));
});

test.skipIf(!mayLimitWatches())('without inotify the files are polled, and that is said once', async () => {
  const files: Record<string, string> = { 'procs.yaml': `services:\n${watching('api', "['src/**']")}` };
  for (let n = 0; n < 300; n++) files[`src/d${n}/a.js`] = '0';
  const project = createProject(files);
  const line = `echo 0 > /proc/sys/user/max_inotify_watches && exec "${process.execPath}" "${MAIN}" up -d --wait`;
  execFileSync('unshare', ['-Ur', 'sh', '-c', line], { cwd: project.root, env: { ...process.env, ...project.env } });
  const degraded = async () =>
    (await project.events()).filter(({ type, details }) => type === 'watch_degraded' && details.service === 'api');
  const [event] = await waitFor('it is reported', degraded, (seen) => seen.length > 0);
  expect(event!.message).toBe(
    'api: no inotify watches left (raise fs.inotify.max_user_watches); polling its files instead',
  );
  await untilSeen(
    project,
    'api',
    'src/d7/a.js',
    (n) => n === 0 || writeFileSync(project.path('src/d7/a.js'), String(n)),
  );
  mkdirSync(project.path('src/new'));
  await seesOnce(project, 'api', 'src/new/b.js', () => project.write('src/new/b.js', '0'));
  expect(await degraded()).toHaveLength(1);
  expect((await project.mustOrch(['ps'])).stdout).toContain('polling its files');
  expect((await project.mustOrch(['why', 'api'])).stdout).toContain('polling its files');
});
