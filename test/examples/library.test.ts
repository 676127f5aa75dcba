// examples/library: a program that embeds orch, run as a user would run it.
import { mkdirSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { createExampleProject } from '../rig/example.ts';
import { cleanEnvironment } from '../rig/orch.ts';
import { instanceOf, type Project } from '../rig/project.ts';

function runProgram(project: Project, args: string[]) {
  const env = { ...cleanEnvironment(), ...project.env };
  return execa(process.execPath, ['restart.mjs', ...args], { cwd: project.root, env, extendEnv: false, reject: false });
}

test('a program loads, plans, connects, restarts and follows the events', async () => {
  const project = createExampleProject('library');
  mkdirSync(project.path('node_modules'));
  symlinkSync(fileURLToPath(new URL('../..', import.meta.url)), project.path('node_modules/orch'));
  const early = await runProgram(project, []);
  expect(early).toMatchObject({ exitCode: 3, stdout: 'plan: 1 change: 1 starts (2 instances)' });
  await project.up();
  const before = instanceOf(await project.ps(), 'web.1').pid;
  const run = await runProgram(project, ['web']);
  expect(run.stderr).toBe('');
  expect(run.exitCode).toBe(0);
  expect(run.stdout).toMatch(/^plan: nothing to do\nweb: web\.1, web\.2 ready\n {2}web\./);
  expect(run.stdout).toMatch(/web\.1, web\.2 restarted, ready after \d+ ms$/);
  expect(instanceOf(await project.ps(), 'web.1').pid).not.toBe(before);
  expect((await runProgram(project, ['wbe'])).stderr).toBe(
    'not-found: no service or instance is named "wbe" (did you mean "web"?)',
  );
  project.write('procs.yaml', 'services: { web: { comand: x } }\n');
  const wrong = await runProgram(project, []);
  expect(wrong).toMatchObject({ exitCode: 2, stdout: '' });
  expect(wrong.stderr).toContain('procs.yaml:1:20:');
  await project.down();
});
