// `orch up` and its supervisor told to stop at the same time, by a signal each; `orch down` from inside of the project; SIGHUP
// without a terminal.
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { MAIN } from '../rig/orch.ts';
import { createProject, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

type Up = { pid: number; output: () => string; exit: Promise<number | string | null> };

function startUp({ root, env }: Project, wrapper: string[] = []): Up {
  const [file = '', ...args] = [...wrapper, process.execPath, MAIN, 'up'];
  const child = spawn(file, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = new Promise<number | string | null>((resolve) =>
    child.on('close', (code, signal) => resolve(code ?? signal)),
  );
  return { pid: child.pid!, output: () => output, exit };
}

const started = (up: Up) => waitFor('it is shown', up.output, (text) => text.includes('a.1 started'));

/** Its end takes longer than the two signals are apart, so that the supervisor is there for the second one. */
const SLOW = `'trap "sleep 0.3; exit 0" TERM; echo listens; while :; do sleep 0.05; done'`;

test.each([
  [0, '"echo listens; exec sleep 1000"'],
  [5, '"echo listens; exec sleep 1000"'],
  [40, SLOW],
])('SIGTERM to `up` and its supervisor, %i ms apart, is an orderly stop', async (apartMs, command) => {
  const project = createProject({ 'procs.yaml': `services:\n  a: { command: ${command} }\n` });
  const up = startUp(project);
  await started(up);
  await waitFor('the program listens', up.output, (text) => text.includes('listens'));
  const { pid } = (await project.ps()).supervisor;
  process.kill(up.pid, 'SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, apartMs));
  process.kill(pid, 'SIGTERM');
  expect([await up.exit, up.output()]).toEqual([0, expect.not.stringContaining('error:')]);
  expect(project.processes()).toEqual([]);
});

test('two `orch down` at the same time both succeed', async () => {
  const project = createProject({ 'procs.yaml': `services:\n  a: { command: [sleep, '1000'] }\n` });
  await project.up();
  const downs = await Promise.all([project.orch(['down', '--json']), project.orch(['down', '--json'])]);
  expect(downs.map(({ exitCode, stderr }) => [exitCode, stderr.includes('error')])).toEqual([
    [0, false],
    [0, false],
  ]);
});

test('SIGHUP does not end `nohup orch up`', async () => {
  const project = createProject({ 'procs.yaml': `services:\n  a: { command: [sleep, '1000'] }\n` });
  const up = startUp(project, ['nohup']);
  await started(up);
  process.kill(up.pid, 'SIGHUP');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(project.instances()).toHaveLength(1);
  process.kill(up.pid, 'SIGTERM');
  expect(await up.exit).toBe(0);
});

test('`orch down` in an after_exit hook ends the project without a failure', async () => {
  const down = `"${process.execPath}" "${MAIN}" down && echo ok >hook.txt`;
  const project = createProject({
    'procs.yaml': `services:\n  a: { command: 'sleep 0.3', restart: never, hooks: { after_exit: ${JSON.stringify(down)} } }\n  b: { command: [sleep, '1000'] }\n`,
  });
  const up = startUp(project);
  const beginMs = performance.now();
  expect(await up.exit).toBe(0);
  expect(performance.now() - beginMs).toBeLessThan(4_500);
  expect(project.read('hook.txt')).toBe('ok\n');
  expect(up.output()).not.toContain('after_exit failed');
});

test('`orch down` run by an instance succeeds', async () => {
  const line = `"${process.execPath}" "${MAIN}" down --json >down.txt; echo $? >code.txt; sleep 1000`;
  const project = createProject({ 'procs.yaml': `services:\n  a: { command: ${JSON.stringify(line)} }\n` });
  await project.orch(['up', '-d']);
  await waitFor('all is gone', project.processes, (seen) => seen.length === 0);
  expect(JSON.parse(project.read('down.txt'))).toEqual({ stopped: 1, leftovers: [] });
});
