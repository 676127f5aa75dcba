// A log queue within a service: its file has the output, and an edit moves it without a restart.
import { expect, test } from 'vitest';
import { createProject, instanceOf } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

test('a queue within a service gets its output; editing it restarts nothing', async () => {
  const text = (queue: string): string =>
    `services:\n  api: { command: [sh, -c, 'while :; do echo tick; sleep 0.05; done']${queue} }\n`;
  const project = createProject({ 'procs.yaml': text(', log_queue: { path: logs/api.log, format: raw }') });
  await project.up();
  const { pid } = instanceOf(await project.ps(), 'api.1');
  const linesOf = (name: string) => () => (project.exists(name) ? project.read(name) : '');
  await waitFor('lines', linesOf('logs/api.log'), (lines) => lines.startsWith('tick\ntick\n'));
  expect((await project.ps()).services[0]?.logQueue).toBe('api');
  expect((await project.mustOrch(['logs', 'api', '--tail', '1'])).stdout).toContain('tick');
  project.edit('procs.yaml', text(', log_queue: { path: logs/other.log, format: raw }'));
  await waitFor('lines elsewhere', linesOf('logs/other.log'), (lines) => lines.includes('tick'));
  project.edit('procs.yaml', text(''));
  await waitFor('lines in the default queue', linesOf('.orch/logs/default.log'), (lines) => lines.includes('tick'));
  expect(instanceOf(await project.ps(), 'api.1').pid).toBe(pid);
  await project.down();
});
