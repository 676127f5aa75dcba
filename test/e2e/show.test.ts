// Everything known about a service: `orch show`, and the same in the view on the key i, through the built command.
import { expect, test } from 'vitest';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { KEY, SIZES } from '../rig/terminal.ts';
import { waitFor } from '../rig/wait-for.ts';

const stack = `
name: shop
services:
  db: { command: [sleep, "1000"], tags: [backend] }
  web:
    title: The front page
    command: "echo plain; echo broken pipe >&2; exec sleep 1000"
    env: { DB_PASSWORD: canary, LOG_LEVEL: debug }
    depends_on: { db: ready }
    pool: 2
`;

async function running(): Promise<Project> {
  const project = createProject({ 'procs.yaml': stack });
  await project.mustOrch(['up', '-d', '--wait']);
  await waitFor(
    'the lines are in the log',
    async () => (await project.mustOrch(['logs'])).stdout,
    (seen) => seen.split('broken pipe').length === 3,
  );
  return project;
}
const show = async (project: Project, ...args: string[]) => (await project.mustOrch(['show', ...args])).stdout;

test('show prints state, dependencies both ways, values with their places, stderr and events', async () => {
  const project = await running();
  const web = await show(project, 'web');
  const pids = incarnations(project.instances());
  expect(web).toMatch(/^web \(The front page\)\n\ninstances\n {2}web\.1 {2}ready, pid \d+, up \d+s, /);
  expect(web).toContain(`pid ${pids['web.2']!.split(/\D/)[0]}`);
  expect(web).toMatch(/needs +db to be ready; now: 1 ready/);
  expect(web).toMatch(/env\.LOG_LEVEL +debug {2}# procs\.yaml:8/);
  expect(web).toMatch(/last lines of stderr\n(?: {2}\S+ {2}broken pipe\n){2}/);
  expect(web).not.toContain('plain\n');
  expect(web).toMatch(/last events\n(.*\n)*.*web\.2 /);
  const db = await show(project, 'db.1');
  expect(db).toMatch(/needed by +web, once ready; now: 2 ready/);
  expect(db).not.toContain('web.1');
  await project.down();
});

test('show masks secrets, and names one instance alone', async () => {
  const project = await running();
  for (const args of [['web'], ['web', '--json'], ['tag:backend', 'web.2']])
    expect(await show(project, ...args)).not.toContain('canary');
  const [details] = JSON.parse(await show(project, 'web.2', '--json')).details;
  const rowsOf = (title: string) => details.sections.find((each: { title: string }) => each.title === title).rows;
  expect(rowsOf('instances').map(({ label }: { label: string }) => label)).toEqual(['web.2']);
  expect(rowsOf('configuration')).toContainEqual({ label: 'env.DB_PASSWORD', value: '***', from: 'procs.yaml:8' });
  expect(rowsOf('last lines of stderr').length).toBe(1);
  await project.down();
});

test('show says what it cannot show', async () => {
  const project = await running();
  const unknown = await project.orch(['show', 'wbe']);
  expect([unknown.exitCode, unknown.stderr]).toEqual([2, expect.stringMatching(/^error: .*"wbe"/)]);
  project.edit('procs.yaml', stack.replace('pool: 2', 'poool: 2'));
  expect(await show(project, 'web')).toMatch(/configuration\n {2}files +not valid at the moment: see `orch validate`/);
  await project.down();
  expect((await project.orch(['show', 'web'])).exitCode).toBe(3);
});

test.each(SIZES)(
  'i shows it in the view at $cols×$rows; keys scroll, q and i close',
  async (size) => {
    const project = await running();
    const terminal = project.terminal(['attach'], size);
    await terminal.waitForText(/web ×2 +● ready 2\/2/);
    terminal.type('ji'); // down to web
    await terminal.waitForText(/── web ─/);
    await terminal.waitForText('The front page');
    await terminal.waitForText(/web\.1 {2}ready, pid \d+/);
    terminal.type('G');
    await terminal.waitForText(/\d {2}web\.2 started/);
    await waitFor(
      'the page is scrolled',
      terminal.screen,
      (seen) => /web\.1 {2}ready, pid/.test(seen) === size.rows >= 40,
    );
    terminal.type('g');
    await terminal.waitForText(/web\.1 {2}ready, pid/);
    terminal.type('q');
    await terminal.waitForText('NAME');
    terminal.type('l');
    await terminal.waitForText(/── web .*output ─/);
    terminal.type('i');
    await terminal.waitForText(/── web ─/);
    terminal.type(KEY.escape);
    await terminal.waitForText(/── web .*output ─/);
    terminal.type('qq');
    expect((await terminal.waitForExit()).exitCode).toBe(0);
    expect(terminal.raw()).not.toContain('canary');
    await project.down();
  },
  60_000,
);
