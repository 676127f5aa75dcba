// The tree of processes of an instance: `orch show`, its JSON, and the page of the view, through the built command.
import { expect, test } from 'vitest';
import { createProject, type Project } from '../rig/project.ts';
import { SIZES } from '../rig/terminal.ts';
import { waitFor } from '../rig/wait-for.ts';

const stack = `
name: shop
services:
  web:
    command: "sh -c 'sleep 2000 & exec sleep 3000' & env -i sleep 4000 & setsid sleep 4500 & exec sleep 1000"
  worker:
    command: [sh, -c, 'sleep 5000 & exec sh -c "sleep 1000; :" x --password hunter2']
    env: { DB_PASSWORD: canary }
    pool: 2
`;

type Shown = { id: string; processes: { pid: number; parent: number | null; command: string }[] };

async function running(): Promise<Project> {
  const project = createProject({ 'procs.yaml': stack });
  await project.mustOrch(['up', '-d', '--wait']);
  return project;
}
const inspected = async (project: Project, name: string): Promise<Shown[]> =>
  JSON.parse((await project.mustOrch(['show', name, '--json'])).stdout).details[0].instances;

test('show prints the tree with parents first, found by session and nonce', async () => {
  const project = await running();
  const [web] = await waitFor(
    'all processes have started',
    () => inspected(project, 'web.1'),
    ([one]) => one!.processes.filter(({ command }) => command.startsWith('sleep')).length === 5,
  );
  const main = JSON.parse((await project.mustOrch(['ps', '--json'])).stdout).services[0].instances[0].pid;
  const byCommand = new Map(web!.processes.map((process) => [process.command, process]));
  expect(web!.processes[0]).toMatchObject({ pid: main, parent: null, command: 'sleep 1000' });
  expect(byCommand.get('sleep 3000')!.parent).toBe(main);
  expect(byCommand.get('sleep 2000')!.parent).toBe(byCommand.get('sleep 3000')!.pid);
  const { stdout } = await project.mustOrch(['show', 'web']);
  const row = String.raw` +\d+ +\d\S*% +\S+[KM] +\d+s`;
  expect(stdout).toMatch(new RegExp(`processes\\n +PID +CPU +MEM +UP +COMMAND\\n${row} {2}sleep 1000\\n`));
  expect(stdout).toMatch(new RegExp(`\\n${row} {4}sleep 3000\\n${row} {6}sleep 2000\\n`));
  await project.down();
});

test('show names the instance of each process of a pool, and masks secrets in command lines', async () => {
  const project = await running();
  const { stdout } = await waitFor(
    'all processes have started',
    () => project.mustOrch(['show', 'worker']),
    (seen) => seen.stdout.split('sleep 5000').length === 4,
  );
  expect(stdout).toMatch(
    /INSTANCE +PID +CPU +MEM +UP +COMMAND\n {2}worker\.1 +\d+ .*\n(?: +\d+ .*\n)+ {2}worker\.2 +\d+ /,
  );
  expect(stdout).toMatch(/processes\n(.*\n)*? {2}worker\.1 .* --password \*\*\*\n/);
  const all = await inspected(project, 'worker');
  expect(all.map(({ id }) => id)).toEqual(['worker.1', 'worker.2']);
  expect(JSON.stringify(all)).not.toMatch(/hunter2|canary/);
  expect((await inspected(project, 'worker.2')).map(({ id }) => id)).toEqual(['worker.2']);
  await project.mustOrch(['stop', 'worker.1']);
  expect((await inspected(project, 'worker.1'))[0]!.processes).toEqual([]);
  await project.down();
});

test.each(SIZES)(
  'the page of the view shows the tree at $cols×$rows',
  async (size) => {
    const project = await running();
    const terminal = project.terminal(['attach'], size);
    await terminal.waitForText(/worker ×2 /);
    terminal.type('i');
    const screen = await terminal.waitForText(/sleep 1000\n(.*\n)*?.*sleep 3000/);
    expect(screen).toMatch(/processes\n +PID +CPU +MEM +UP {2}COMMAND\n/);
    expect(screen).toMatch(/ {2}sleep 1000\n(.*\n)*? +\d+ .* {4}sleep 3000\n +\d+ .* {6}sleep 2000\n/);
    for (const row of screen.split('\n')) expect(row.length).toBeLessThanOrEqual(size.cols);
    terminal.type('qq');
    expect((await terminal.waitForExit()).exitCode).toBe(0);
    await project.down();
  },
  60_000,
);
