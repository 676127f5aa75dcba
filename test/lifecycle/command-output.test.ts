// What hooks, stop commands, drains and `watch.run` print is in the log of their service, marked with their name, in every format.
import { expect, test } from 'vitest';
import { createProject, type Project } from '../rig/project.ts';
import { startCommand } from '../rig/running-command.ts';
import { killSupervisor, logWritersOf } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

type Entry = { service: string; instance: string; source?: string; stream: string; line: string };
const entries = async (project: Project, ...args: string[]) =>
  (await project.mustOrch(['logs', '--json', ...args])).stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Entry);
const brief = ({ instance, source, stream, line }: Entry) =>
  `${instance}${source ? ` ${source}` : ''} ${stream} ${line}`;
const logged = (project: Project, line: string, ...args: string[]) =>
  waitFor(
    `${line} is logged`,
    async () => (await entries(project, ...args)).map(brief),
    (all) => all.includes(line),
  );

test.each(['text', 'json', 'raw'])(
  '%s: every command around an instance, marked, in the queue of its service',
  async (format) => {
    const project = createProject({
      'procs.yaml': `
log_queues: { own: { format: ${format} }, default: {} }
services:
  api:
    command: 'echo up; exec sleep 1000'
    log_queue: own
    hooks:
      before_start: 'echo before; echo "bad" >&2; printf unfinished'
      after_ready: 'echo ready'
      after_exit: 'echo "after $ORCH_EXIT_SIGNAL"'
    stop: { drain: { exec: 'echo draining', timeout: 2s }, command: 'echo stopping; kill -TERM $ORCH_PID' }
    watch: { paths: ['src/**'], action: run, run: 'echo compiled; exit 1' }
`,
      'src/a': '',
    });
    await project.up();
    await logged(project, 'api.1 after_ready o ready');
    let writtenMs = Number.NEGATIVE_INFINITY;
    await waitFor(
      'the watch has acted',
      async () => {
        // Again, as the watch may not have begun; not all the time, as it waits until the files rest.
        if (performance.now() - writtenMs > 1_500) {
          project.write('src/a', String(Math.random()));
          writtenMs = performance.now();
        }
        return (await entries(project)).map(brief);
      },
      (all) => all.includes('api watch o compiled'),
    );
    await project.down();
    const all = (await entries(project, 'api')).map(brief).filter((line) => !line.includes('watch'));
    // Both streams of one command come in any order.
    expect(all.filter((line) => line.includes(' before_start ')).sort()).toEqual([
      'api.1 before_start e bad',
      'api.1 before_start o before',
      'api.1 before_start o unfinished',
    ]);
    const rest = all.filter((line) => !line.includes(' before_start '));
    // The last line of the hook has no newline: it ends with the hook, when the service may have begun to write.
    expect(rest.slice(0, 2).sort()).toEqual(['api.1 after_ready o ready', 'api.1 o up']);
    expect(rest.slice(2)).toEqual([
      'api.1 drain o draining',
      'api.1 stop o stopping',
      'api.1 after_exit o after SIGTERM',
    ]);
    expect((await entries(project, 'api.1')).every(({ service }) => service === 'api')).toBe(true);
    expect(project.exists('.orch/logs/default.log')).toBe(false);
    if (format !== 'text') return;
    const text = project.read('.orch/logs/own.log').split('\n')[0]!;
    expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z api\.1:before_start [oe] /);
    expect((await project.mustOrch(['logs', 'api'])).stdout.split('\n')[0]).toBe(text);
  },
);

test('why shows the end of what a failed hook printed, without secrets, until it succeeds', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  api:
    command: [sleep, "1000"]
    env: { TOKEN: { secret: token } }
    restart: { backoff: { initial: 200ms, max: 200ms }, limit: { count: 1000, within: 1m } }
    hooks:
      before_start: |
        test -e fine && exit 0
        for i in 1 2 3 4 5 6; do echo "step $i"; done
        echo "token $TOKEN is refused"
        exit 3
`,
    token: 'open-sesame',
  });
  await project.mustOrch(['up', '-d']);
  const why = async () => (await project.mustOrch(['why', 'api'])).stdout;
  const text = await waitFor('why shows it', why, (seen) => /failed: exit code[\s\S]*before_start \| token/.test(seen));
  expect(text).toContain('before_start failed: exit code 3: token *** is refused');
  expect(
    text
      .split('\n')
      .filter((line) => line.includes(' | '))
      .map((line) => line.trim()),
  ).toEqual([
    'before_start | step 3',
    'before_start | step 4',
    'before_start | step 5',
    'before_start | step 6',
    'before_start | token *** is refused',
  ]);
  project.write('fine', '');
  await project.mustOrch(['wait']);
  expect(await why()).not.toContain('before_start |');
});

test('up shows it with the name of the hook; a prompt of a hook is visible', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  api:
    command: 'echo up; exec sleep 1000'
    hooks: { before_start: "echo migrating; printf 'continue? '; while [ ! -e go ]; do sleep 0.05; done; echo yes" }
`,
  });
  const command = startCommand(project, ['up', '--no-tui']);
  await waitFor('the prompt', command.output, (text) => text.endsWith('api.1 before_start | continue? '));
  project.write('go', '');
  await waitFor('the service', command.output, (text) => /api\.1\s+\| up\n/.test(text));
  // The event of the start may come in between: the rest is then a line of its own.
  const lines = command
    .output()
    .split('\n')
    .filter((line) => line.startsWith('api.1 before_start |'));
  const texts = lines.map((line) => line.slice('api.1 before_start | '.length)).join('\n');
  expect(texts.replace(' … (line goes on)\n', '')).toBe('migrating\ncontinue? yes');
  command.signal('SIGINT');
  await command.exited;
});

test('more than a pipe holds, of many instances at once; nothing is lost, the instances start', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  api:
    command: [sleep, "1000"]
    pool: 4
    hooks: { before_start: 'i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo "line $i of the hook, which is long enough"; done' }
`,
  });
  await project.up();
  const all = await entries(project);
  for (const instance of ['api.1', 'api.2', 'api.3', 'api.4']) {
    const own = all.filter((entry) => entry.instance === instance).map(({ line }) => Number(line.split(' ')[1]));
    expect(own).toEqual(Array.from({ length: 5000 }, (_, index) => index + 1));
  }
});

test('the supervisor is killed while a hook runs: its output is logged, and the next start has its own', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  api:
    command: 'echo up; exec sleep 1000'
    hooks: { before_start: 'echo begin; while [ ! -e go ]; do sleep 0.05; done; echo end' }
`,
  });
  await project.mustOrch(['up', '-d']);
  await logged(project, 'api.1 before_start o begin');
  await killSupervisor(project);
  project.write('go', '');
  await project.up();
  const all = await logged(project, 'api.1 o up');
  expect(all.filter((line) => line.endsWith(' o begin')).length).toBe(2);
  expect(all.indexOf('api.1 o up')).toBeGreaterThan(all.lastIndexOf('api.1 before_start o end'));
  expect(all).toContain('api.1 before_start o end');
});

test('the log writer is killed while a hook runs: the next one reads on', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  api:
    command: 'echo up; exec sleep 1000'
    hooks: { before_start: 'echo one; while [ ! -e go ]; do sleep 0.05; done; echo two; exit 1' }
    restart: never
`,
  });
  await project.mustOrch(['up', '-d']);
  await logged(project, 'api.1 before_start o one');
  process.kill(logWritersOf(project)[0]!.pid, 'SIGKILL');
  project.write('go', '');
  await logged(project, 'api.1 before_start o two');
  const why = async () => (await project.mustOrch(['why', 'api'])).stdout;
  await waitFor('the failure is known', why, (text) => text.includes('before_start failed: exit code 1'));
});
