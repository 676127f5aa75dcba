// Programs get the soft limit of open files of the shell that called `orch up`, not the one that Node raised for itself.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { freePorts } from '../rig/free-ports.ts';
import { MAIN } from '../rig/orch.ts';
import { createProject, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const isLinux = process.platform === 'linux';

function upFrom({ root, env }: Project, soft: number, more: Record<string, string> = {}): void {
  // The last command keeps the shell: it must stay the parent.
  const line = `ulimit -Sn ${soft} && "${process.execPath}" "${MAIN}" up -d --wait && true`;
  execFileSync('/bin/sh', ['-c', line], { cwd: root, env: { ...process.env, ...env, ...more }, stdio: 'pipe' });
}

const limitOf = (project: Project, name: string): string =>
  existsSync(project.path(`${name}.txt`)) ? project.read(`${name}.txt`).trim() : '';

const shows = (name: string, more = ''): string =>
  `  ${name}: { command: [sh, -c, 'ulimit -Sn >${name}.txt; exec sleep 1000']${more} }\n`;

test.runIf(isLinux).each([
  ['', {}],
  ['where Node starts the programs', { ORCH_SPAWN: 'fork' }],
])('programs get the soft limit of the caller %s', async (_, more) => {
  const port = await freePorts();
  const project = createProject({
    'procs.yaml': `services:\n${[
      shows('plain'),
      `  line: { command: 'ulimit -Sn >line.txt; sleep 1000' }\n`,
      shows('recorded', ', exit_record: true'),
      shows('terminal', ', tty: true'),
      shows('listens', `, listen: ['127.0.0.1:${port}']`),
      shows('own', ', limits: { nofile: 432 }'),
      `  probed: { command: [sleep, '1000'], hooks: { before_start: 'ulimit -Sn >probed.txt' } }\n`,
    ].join('')}`,
  });
  upFrom(project, 321, more);
  const names = ['plain', 'line', 'recorded', 'terminal', 'listens', 'own', 'probed'];
  await waitFor(
    'all have written',
    () => names.every((name) => limitOf(project, name) !== ''),
    (isDone) => isDone,
  );
  const limits = Object.fromEntries(names.map((name) => [name, limitOf(project, name)]));
  const isForked = 'ORCH_SPAWN' in more;
  // Without posix_spawn, a hook keeps the limit of Node.
  expect(isForked ? { ...limits, probed: '321' } : limits).toEqual({
    ...Object.fromEntries(names.map((name) => [name, '321'])),
    own: '432',
  });
  await project.down();
});

test.runIf(isLinux)('the limit of the last up stays in force for the next supervisor', async () => {
  const project = createProject({ 'procs.yaml': `services:\n${shows('plain')}` });
  upFrom(project, 321);
  upFrom(project, 345);
  await project.mustOrch(['upgrade']);
  await project.mustOrch(['restart', 'plain', '--wait']);
  await waitFor(
    'it has started again',
    () => limitOf(project, 'plain'),
    (limit) => limit === '345',
  );
  await project.down();
});
