// stdout and stderr in queues of their own, with real processes.
import { expect, test } from 'vitest';
import { createProject, incarnations } from '../rig/project.ts';
import { logWritersOf } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const LOOP = 'i=0; while read -r line; do i=$((i+1)); echo out-$line; echo err-$line >&2; done';
const texts = (log: string): string[] =>
  log
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').at(-1)!);

test('each stream has its file, logs shows both in order, and an edit changes it without a restart', async () => {
  const text = (more: string) =>
    `services:\n  a: { command: [sh, -c, '${LOOP}'], stdin: true, log_queue: { path: out.log }${more} }\n`;
  const project = createProject({ 'procs.yaml': text(', stderr_queue: { path: err.log }') });
  await project.up();
  const before = incarnations(project.instances());
  const say = async (word: string, file: string) => {
    project.write('.orch/run/fifo/a.1.in', `${word}\n`);
    await waitFor(
      `${word} is in ${file}`,
      () => (project.exists(file) ? project.read(file) : ''),
      (log) => log.includes(`err-${word}`),
    );
  };
  await say('one', 'err.log');
  expect(texts(project.read('out.log'))).toEqual(['out-one']);
  expect(texts(project.read('err.log'))).toEqual(['err-one']);
  expect(texts((await project.mustOrch(['logs', 'a'])).stdout).sort()).toEqual(['err-one', 'out-one']);
  expect((await project.ps()).services[0]).toMatchObject({ logQueue: 'a', stderrQueue: 'a-stderr' });

  project.write('procs.yaml', text(''));
  await project.mustOrch(['wait', '--timeout', '20s']);
  await say('two', 'out.log');
  expect(texts(project.read('err.log'))).toEqual(['err-one']);
  project.write('procs.yaml', text(', stderr_queue: { path: err.log }'));
  await project.mustOrch(['wait', '--timeout', '20s']);
  await say('three', 'err.log');

  process.kill(logWritersOf(project)[0]!.pid, 'SIGKILL');
  await say('four', 'err.log');
  expect(texts(project.read('out.log'))).toEqual(['out-one', 'out-two', 'err-two', 'out-three', 'out-four']);
  expect(incarnations(project.instances())).toEqual(before);
  await project.down();
  expect(texts((await project.mustOrch(['logs', 'a'])).stdout)).toHaveLength(8);
});
