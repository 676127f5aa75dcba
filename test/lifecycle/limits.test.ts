// Bounds on what an instance may use, and its input, with real processes.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the shell
import { appendFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const logged = (project: Project, text: string) =>
  waitFor(
    `the log has "${text}"`,
    async () => (await project.orch(['logs'])).stdout,
    (log) => log.includes(text),
  );

test('nofile and nice apply to the program, which keeps its pid and its arguments', async () => {
  const show =
    'console.log(process.argv[2], require("child_process").execSync("ulimit -n; nice; echo $PPID").toString().split("\\n").join(" "), process.pid)';
  const project = createProject({
    'show.cjs': `${show}; setInterval(() => {}, 1e6);`,
    'procs.yaml': `
services:
  api: { command: [node, show.cjs, 'a  "b" $PATH'], limits: { nofile: 333, nice: 5 } }
  none: { command: [./not-there], limits: { nofile: 333 } }
  greedy: { command: [sleep, "1000"], limits: { nofile: 2000000000 } }
`.replace('$PATH', '$$$$PATH'),
  });
  await project.mustOrch(['up', '-d']);
  const pid = (await waitFor('api runs', project.ps, (seen) => instanceOf(seen, 'api.1').pid !== null)).services[0]!
    .instances[0]!.pid;
  await logged(project, `a  "b" $PATH 333 5 ${pid}  ${pid}`);
  const missing = await waitFor('none fails', project.ps, (seen) => instanceOf(seen, 'none.1').lastExit !== null);
  expect(instanceOf(missing, 'none.1').lastExit).toEqual({ spawnError: 'ENOENT' });
  const refused = await waitFor('greedy fails', project.ps, (seen) => instanceOf(seen, 'greedy.1').lastExit !== null);
  expect(instanceOf(refused, 'greedy.1')).toMatchObject({
    lastExit: { spawnError: 'EPERM' },
    reason: expect.stringContaining('limits.nofile is 2000000000, and the '),
  });
  await project.down();
});

const HOG = 'const held = []; setInterval(() => held.push(Buffer.alloc(20 * 2 ** 20, 1)), 200);';

test.each([
  ['restart', 'SIGTERM'],
  ['kill', 'SIGKILL'],
])('memory above its bound, action %s: %s, then by the restart policy', async (action, signal) => {
  const project = createProject({
    'hog.cjs': HOG,
    'procs.yaml': `
services:
  hog: { command: 'node hog.cjs; exit 1', limits: { memory: { max: 150MiB, action: ${action} } }, restart: { backoff: { initial: 1m } } }
  calm: { command: [sleep, "1000"], limits: { memory: 150MiB } }
`,
  });
  await project.mustOrch(['up', '-d']);
  const status = await waitFor(
    'it was ended',
    project.ps,
    (seen) => instanceOf(seen, 'hog.1').state === 'backoff',
    30_000,
  );
  expect(instanceOf(status, 'hog.1').lastExit).toEqual({ signal });
  const exceeded = (await project.events()).filter(({ type }) => type === 'memory_exceeded');
  expect(exceeded).toMatchObject([{ instance: 'hog.1', details: { maxBytes: 150 * 2 ** 20, action } }]);
  expect(instanceOf(status, 'calm.1')).toMatchObject({ state: 'ready', restarts: 0 });
  // This machine decides whether the kernel can enforce the limit; the status always says how it is enforced.
  const bound = { maxBytes: 150 * 2 ** 20, action: 'restart', enforcedBy: 'sampling' };
  expect(instanceOf(status, 'calm.1')).toMatchObject({ memoryBound: bound });
  expect(instanceOf(status, 'hog.1')).toMatchObject({ memoryBound: null });
  expect(exceeded[0]!.details.enforcedBy).toMatch(action === 'kill' ? /^(kernel|sampling)$/ : /^sampling$/);
  const why = (await project.mustOrch(['why', 'hog', 'calm'])).stdout;
  if (action === 'kill')
    expect(why).toContain('Ended with SIGKILL for being over its memory bound of 150 MiB; next start in');
  expect(why).toContain('Its memory bound of 150 MiB is sampled once a second');
  await project.down();
});

test('text written into the stdin FIFO reaches the program, over writers and restarts', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  shell: { command: 'while read line; do echo "got $line"; test "$line" != quit || exit 1; done', stdin: true }
  none: { command: 'cat; echo "no input"', restart: never }
`,
  });
  await project.up();
  await logged(project, 'no input');
  const say = (text: string): void => appendFileSync(project.path('.orch/run/fifo/shell.1.in'), `${text}\n`);
  say('one');
  say('two');
  await logged(project, 'got two');
  say('quit');
  await waitFor('it is another process', project.ps, (seen) => instanceOf(seen, 'shell.1').restarts === 1);
  say('three');
  await logged(project, 'got three');
  // The same by the command: from a pipe, and typed at a terminal.
  await project.mustOrch(['attach', 'shell'], { input: 'four\nfive\n' });
  await logged(project, 'got five');
  const terminal = project.terminal(['attach', 'shell.1']);
  await terminal.waitForText('got five');
  terminal.type('six\r');
  await terminal.waitForText('got six');
  terminal.type('\x04');
  expect(await terminal.waitForExit()).toMatchObject({ exitCode: 0 });
  const refused = await project.orch(['attach', 'none'], { input: '' });
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('none.1 has no input') });
  await project.down();
});
