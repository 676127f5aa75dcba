// The last attempts of probes: `orch show`, its JSON, and the page of the view, through the built command.
import { expect, test } from 'vitest';
import { createProject, type Project } from '../rig/project.ts';
import { SIZES } from '../rig/terminal.ts';
import { waitFor } from '../rig/wait-for.ts';

const stack = `
name: shop
services:
  web:
    command: [sleep, "1000"]
    env: { DB_PASSWORD: canary }
    startup: { exec: "true", every: 50ms }
    readiness: { exec: 'test -e ready || { echo "no $DB_PASSWORD yet" >&2; exit 3; }', every: 50ms }
    pool: 2
`;

type Probes = { probe: string; attempts: { time: string; durationMs: number; failure: string | null }[] }[];

async function running(): Promise<Project> {
  const project = createProject({ 'procs.yaml': stack });
  await project.mustOrch(['up', '-d']);
  return project;
}
const probesOf = async (project: Project, id: string): Promise<Probes> =>
  JSON.parse((await project.mustOrch(['show', id, '--json'])).stdout).details[0].instances[0].probes;
const lastFailureOf = (probes: Probes) => probes[1]?.attempts.at(-1)?.failure;

test('show prints the last attempts of each probe, without secrets, also after a restart', async () => {
  const project = await running();
  const failing = await waitFor(
    'ten have failed',
    () => probesOf(project, 'web.1'),
    (seen) => seen[1]?.attempts.length === 10,
  );
  expect(failing.map(({ probe }) => probe)).toEqual(['startup', 'readiness']);
  expect(failing[0]!.attempts.map(({ failure }) => failure)).toEqual([null]);
  expect(lastFailureOf(failing)).toBe('exec: exit code 3: no *** yet');
  const times = failing[1]!.attempts.map(({ time }) => Date.parse(time));
  expect(times).toEqual([...times].sort());
  project.write('ready', '');
  await waitFor(
    'the last one has passed',
    () => probesOf(project, 'web.1'),
    (seen) => lastFailureOf(seen) === null,
  );
  const { stdout } = await project.mustOrch(['show', 'web.1']);
  expect(stdout).toMatch(/probes\n {2}PROBE +TIME +TOOK {2}RESULT\n {2}startup +\d\d:\d\d:\d\d +\d+ ms {2}passed\n/);
  expect(stdout).toMatch(/\n {2}readiness +\d\d:\d\d:\d\d .*\n(?: {13}\d\d:\d\d:\d\d .*\n){9}\n/);
  const whole = (await project.mustOrch(['show', 'web'])).stdout;
  expect(whole).toMatch(
    /INSTANCE {2}PROBE .*\n {2}web\.1 {5}startup .*\n {12}readiness .*\n(?: {23}.*\n){2} {2}web\.2 /,
  );
  await project.mustOrch(['restart', 'web.1']);
  expect((await probesOf(project, 'web.1'))[0]!.attempts).toHaveLength(2);
  expect(JSON.stringify(await project.mustOrch(['show', 'web']))).not.toContain('canary');
  await project.down();
});

test.each(SIZES)(
  'the page of the view shows the attempts at $cols×$rows',
  async (size) => {
    const project = await running();
    await waitFor(
      'ten have failed',
      () => probesOf(project, 'web.1'),
      (seen) => seen[1]?.attempts.length === 10,
    );
    const terminal = project.terminal(['attach'], size);
    await terminal.waitForText(/web ×2 /);
    terminal.type('ji');
    await terminal.waitForText(/── web\.1 ─/);
    const seen: string[] = [];
    const found = await waitFor(
      'the table of attempts, line by line',
      () => {
        terminal.type('j');
        seen.push(terminal.screen());
        return seen.find((screen) => /\n +readiness +\d\d:\d\d:\d\d +\d+ ms {2}exec: exit code 3/.test(screen));
      },
      (screen) => screen !== undefined,
    );
    for (const row of found!.split('\n')) expect(row.length).toBeLessThanOrEqual(size.cols);
    expect(seen.join('\n')).toMatch(/ PROBE +TIME +TOOK {2}RESULT\n +startup +\d\d:\d\d:\d\d +\d+ ms {2}passed/);
    terminal.type('qq');
    expect((await terminal.waitForExit()).exitCode).toBe(0);
    expect(terminal.raw()).not.toContain('canary');
    await project.down();
  },
  60_000,
);
