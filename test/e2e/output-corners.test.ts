// Output of programs that do not simply print lines: terminals, closed streams, NUL bytes, children that live on, adoption.
import { expect, test } from 'vitest';
import { createProject, type Project } from '../rig/project.ts';
import { startCommand } from '../rig/running-command.ts';
import { killSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

type Entry = { instance: string; stream: string; line: string; unfinished?: true };
const entries = async (project: Project, ...args: string[]) =>
  (await project.mustOrch(['logs', '--json', ...args])).stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Entry);
const lines = async (project: Project, ...args: string[]) =>
  (await entries(project, ...args)).map(({ stream, line, unfinished }) => `${stream} ${line}${unfinished ? ' …' : ''}`);
const shows = (project: Project, line: string, ...args: string[]) =>
  waitFor(
    `${line} is logged`,
    () => lines(project, ...args),
    (all) => all.includes(line),
  );
const until = (file: string) => `while [ ! -e ${file} ]; do sleep 0.05; done`;

test('a terminal: lines without its carriage returns, and its prompt is visible', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  term: { command: "printf 'one\\\\ntwo\\\\n'; printf 'ask? '; ${until('go')}; echo yes; exec sleep 1000", tty: true }
`,
  });
  await project.up();
  await shows(project, 'o ask?  …');
  project.write('go', '');
  await shows(project, 'o ask? yes');
  expect(await lines(project)).toEqual(['o one', 'o two', 'o ask? yes']);
});

test('a program that closes its stdout, NUL bytes, a child that writes after its parent has ended', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  closes: { command: "echo out; exec >&-; ${until('go')}; echo err >&2; exec sleep 1000" }
  nul: { command: "printf 'a\\\\0b\\\\n\\\\0part'; exec sleep 1000" }
  leaves: { command: "(trap '' TERM; : > deaf; ${until('go')}; echo late) & ${until('deaf')}; echo first", restart: never, stop: { grace: 20s } }
`,
  });
  await project.mustOrch(['up', '-d']);
  await shows(project, 'o out', 'closes');
  await shows(project, 'o \u0000part …', 'nul');
  await shows(project, 'o first', 'leaves');
  project.write('go', '');
  await shows(project, 'e err', 'closes');
  await shows(project, 'o late', 'leaves');
  expect(await lines(project, 'nul')).toEqual(['o a\u0000b', 'o \u0000part …']);
});

test('a prompt outlives a killed supervisor and an upgrade, and is answered once', async () => {
  const project = createProject({
    'procs.yaml': `services:\n  ask: { command: "printf 'Name: '; ${until('go')}; echo Ada; exec sleep 1000" }\n`,
  });
  await project.up();
  await shows(project, 'o Name:  …');
  const command = startCommand(project, ['logs', '-f']);
  await waitFor('the follower shows it', command.output, (text) => text.endsWith('Name: '));
  await killSupervisor(project);
  await project.up();
  expect(await lines(project)).toEqual(['o Name:  …']);
  await project.mustOrch(['upgrade']);
  expect(await lines(project)).toEqual(['o Name:  …']);
  project.write('go', '');
  await shows(project, 'o Name: Ada');
  await waitFor('the follower shows the rest', command.output, (text) => text.endsWith('ask.1 o Name: Ada\n'));
  expect(command.output().split('\n').length).toBe(2);
  command.signal('SIGINT');
  await command.exited;
});

test('an instance that is removed by scale, a service that moves to another queue: their lines are whole', async () => {
  const yaml = (pool: number, queue: string) => `
log_queues: { default: {}, other: {} }
services:
  ask: { command: "printf 'begun '; ${until('go')}; echo done; exec sleep 1000", pool: ${pool}, log_queue: ${queue} }
`;
  const project = createProject({ 'procs.yaml': yaml(2, 'default') });
  await project.up();
  await waitFor(
    'both have begun',
    () => entries(project),
    (all) => all.filter(({ unfinished }) => unfinished).length === 2,
  );
  project.edit('procs.yaml', yaml(1, 'other'));
  await waitFor(
    'one is gone',
    () => entries(project, 'ask.2'),
    ([line]) => line?.line === 'begun ' && !line.unfinished,
  );
  project.write('go', '');
  await shows(project, 'o begun done', 'ask.1');
  expect(project.read('.orch/logs/other.log')).toMatch(/ ask\.1 o begun done\n$/);
});
