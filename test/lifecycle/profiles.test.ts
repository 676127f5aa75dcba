// Services of a profile run only when it, or they, are asked for.
import { expect, test } from 'vitest';
import { createProject, instanceOf, type Project } from '../rig/project.ts';

const PROJECT = {
  'procs.yaml': `
services:
  api: { command: [sleep, "1000"] }
  debugger: { command: [sleep, "1000"], profiles: [debug] }
  metrics: { command: [sleep, "1000"], profiles: [ops, debug] }
`,
};
const running = async (project: Project): Promise<string[]> =>
  (await project.ps()).services.filter(({ instances }) => instances[0]?.pid != null).map(({ name }) => name);

test('up runs services without a profile; --profile adds its services until others are chosen', async () => {
  const project = createProject(PROJECT);
  await project.up();
  expect(await running(project)).toEqual(['api']);
  expect(instanceOf(await project.ps(), 'debugger.1')).toMatchObject({
    state: 'stopped',
    reason: 'It runs only with the profile debug; `orch up --profile debug` or `orch start debugger` starts it.',
  });
  await project.up('--profile', 'debug');
  expect(await running(project)).toEqual(['api', 'debugger', 'metrics']);
  await project.up();
  expect(await running(project)).toEqual(['api', 'debugger', 'metrics']);
  await project.up('--profile', 'ops');
  expect(await running(project)).toEqual(['api', 'metrics']);
  await project.up('--profile', '');
  expect(await running(project)).toEqual(['api']);
  const unknown = await project.orch(['up', '-d', '--profile', 'debgu']);
  expect(unknown).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('no service has the profile "debgu"') });
  await project.down();
});

test('a service that is named runs without its profile', async () => {
  const project = createProject(PROJECT);
  await project.up('debugger');
  expect(await running(project)).toEqual(['debugger']);
  await project.mustOrch(['start', 'metrics']);
  expect((await running(project)).sort()).toEqual(['debugger', 'metrics']);
  await project.down();
});
