// `tty: true`: the program has a terminal of its own, which people can attach to, and which outlives the supervisor.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const CTRL_LEAVE = '\x1d';
/** Says whether it has a terminal and how large that is, then answers each line. */
const PROGRAM = `
process.stdout.write('terminal ' + process.stdin.isTTY + ' ' + process.stdout.columns + 'x' + process.stdout.rows + '\\n');
process.stdout.on('resize', () => console.log('resized ' + process.stdout.columns + 'x' + process.stdout.rows));
process.stdin.on('data', (text) => console.log('got ' + text.toString().trim().toUpperCase()));
process.on('SIGTERM', () => { console.log('asked to end'); process.exit(7); });
`;
const open = (more = ''): Project =>
  createProject({
    'program.mjs': PROGRAM,
    'procs.yaml': `services:\n  console: { command: [node, program.mjs], tty: true${more} }\n`,
  });
const logged = (project: Project, text: string | RegExp) =>
  waitFor(
    `the log has ${text}`,
    () => (project.exists('.orch/logs/default.log') ? project.read('.orch/logs/default.log') : ''),
    (log) => (typeof text === 'string' ? log.includes(text) : text.test(log)),
  );

test('a tty service has a logged terminal; attach types, sets the window size and detaches', async () => {
  const project = open();
  await project.up();
  await logged(project, 'console.1 o terminal true 80x24');
  const terminal = project.terminal(['attach', 'console'], { cols: 91, rows: 23 });
  await terminal.waitForText('terminal true 80x24');
  await terminal.waitForText('resized 91x23');
  terminal.type('hello\r');
  await terminal.waitForText('got HELLO');
  terminal.resize(70, 20);
  await terminal.waitForText('resized 70x20');
  const before = incarnations(project.instances());
  terminal.type(CTRL_LEAVE);
  expect(await terminal.waitForExit()).toMatchObject({ exitCode: 0 });
  await logged(project, 'got HELLO');
  expect(incarnations(project.instances())).toEqual(before);
  expect(project.instances()).toHaveLength(2); // the holder and the program
  expect(instanceOf(await project.ps(), 'console.1')).toMatchObject({ state: 'ready' });
  await project.down();
});

test('a tty service outlives a killed supervisor, still takes input, and is adopted', async () => {
  const project = open();
  await project.up();
  await logged(project, 'terminal true');
  const before = incarnations(project.instances());
  process.kill((await project.ps()).supervisor.pid, 'SIGKILL');
  await project.up();
  expect(incarnations(project.instances())).toEqual(before);
  expect(instanceOf(await project.ps(), 'console.1')).toMatchObject({ adopted: true });
  await project.mustOrch(['attach', 'console'], { input: 'still there\n' });
  await logged(project, 'got STILL THERE');
  await project.down();
  expect(project.read('.orch/logs/default.log')).toContain('asked to end');
});

test('a tty service ends with the code or signal of its program and gets the stop signal once', async () => {
  const project = open(', restart: never');
  await project.up();
  await logged(project, 'terminal true');
  await project.mustOrch(['stop', 'console']);
  const stopped = await waitFor('it has stopped', project.ps, (status) => status.services[0]!.running === 0);
  expect(instanceOf(stopped, 'console.1').lastExit).toEqual({ code: 7 });
  expect(project.read('.orch/logs/default.log').match(/asked to end/g)).toHaveLength(1);
  await project.mustOrch(['start', 'console']);
  await waitFor('both run', project.instances, (found) => found.length === 2);
  const main = instanceOf(await project.ps(), 'console.1').pid;
  process.kill(project.instances().find(({ pid }) => pid !== main)!.pid, 'SIGKILL');
  const killed = await waitFor('it is known', project.ps, (status) => status.services[0]!.running === 0);
  expect(instanceOf(killed, 'console.1').lastExit).toEqual({ signal: 'SIGKILL' });
  await project.down();
});

test('a program that does not stop is killed with its holder, and a flood is logged whole', async () => {
  const deaf = `trap '' TERM HUP; i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done; while :; do sleep 1; done`;
  const project = createProject({
    'deaf.sh': deaf,
    'procs.yaml': 'services:\n  deaf: { command: [sh, deaf.sh], tty: true, stop: { grace: 300ms } }\n',
  });
  await project.up();
  await logged(project, /line 19999\s/);
  const lines = project.read('.orch/logs/default.log').match(/line \d+/g)!;
  expect(lines).toEqual(Array.from({ length: 20_000 }, (_, i) => `line ${i}`));
  await project.down();
});

test('a program of a shell line on a terminal has its grace period', async () => {
  const slow = `process.on('SIGTERM', () => setTimeout(() => { require('fs').writeFileSync('done', ''); process.exit(0); }, 800));
console.log('begun'); setInterval(() => {}, 1e6);`;
  const project = createProject({
    'slow.cjs': slow,
    'procs.yaml': `services:\n  slow: { command: 'node slow.cjs; echo next', tty: true, stop: { grace: 10s } }\n`,
  });
  await project.up();
  await logged(project, 'begun');
  await project.mustOrch(['stop', 'slow']);
  expect(project.exists('done')).toBe(true);
  expect(project.read('.orch/logs/default.log')).not.toContain('next');
  await project.down();
});

test('an attached window that does not read is dropped, and the program keeps running', async () => {
  const floods = `import { writeFileSync } from 'node:fs'; const line = 'x'.repeat(1023) + '\\n'; let left = 0;
process.stdin.on('data', () => { left = 32 * 1024; write(); });
function write() {
  while (left > 0) { left -= 1; if (!process.stdout.write(line)) return process.stdout.once('drain', write); }
  process.stdout.write('all is written\\n', () => writeFileSync('written', ''));
}
console.log('begun');\n`;
  const project = createProject({
    'program.mjs': floods,
    'procs.yaml': 'services:\n  console: { command: [node, program.mjs], tty: true }\n',
  });
  await project.up();
  const holder = instanceOf(await project.ps(), 'console.1').pid!;
  const stopped = project.terminal(['attach', 'console']);
  await stopped.waitForText('begun');
  process.kill(stopped.pid, 'SIGSTOP');
  const before = residentBytes(holder);
  await project.mustOrch(['attach', 'console'], { input: 'go\n' });
  await waitFor('all is written', () => project.exists('written'), Boolean, 30_000);
  expect(residentBytes(holder) - before).toBeLessThan(24 * 1024 ** 2);
  process.kill(stopped.pid, 'SIGCONT');
  // 0 would be the end of the program. The text on the screen may get lost in the rig behind that much output.
  expect(await stopped.waitForExit(30_000)).toMatchObject({ exitCode: 1 });
  expect(stopped.raw().length).toBeLessThan(8 * 1024 ** 2);
  const again = project.terminal(['attach', 'console']);
  await again.waitForText('all is written', 30_000);
  again.type(CTRL_LEAVE);
  await again.waitForExit();
  await project.down();
});

test('a killed window that does not read ends no process', async () => {
  const project = createProject({
    'program.sh': 'echo begun; while read -r line; do head -c 500000 /dev/zero | tr "\\0" x; echo " $line done"; done',
    'procs.yaml': 'services:\n  console: { command: [sh, program.sh], tty: true }\n',
  });
  await project.up();
  const killed = project.terminal(['attach', 'console']);
  await killed.waitForText('begun');
  const before = incarnations(project.instances());
  process.kill(killed.pid, 'SIGSTOP');
  await project.mustOrch(['attach', 'console'], { input: 'first\n' });
  await logged(project, 'first done'); // half of it waits in the holder for the one that is stopped
  process.kill(killed.pid, 'SIGKILL');
  await killed.waitForExit();
  await project.mustOrch(['attach', 'console'], { input: 'second\n' });
  await logged(project, 'second done');
  expect(incarnations(project.instances())).toEqual(before);
  await project.down();
});

const residentBytes = (pid: number) =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
