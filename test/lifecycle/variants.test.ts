// Variants with real processes: each is a service of its own.
import { expect, test } from 'vitest';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { theSupervisor } from '../rig/supervisors.ts';

const FILES = {
  'procs.yaml': `
services:
  worker:
    command: [sh, -c, 'echo "queue $QUEUE of $ORCH_SERVICE"; exec sleep 1000']
    variants:
      mail: { env: { QUEUE: mail } }
      report: { env: { QUEUE: report } }
  web: { command: [sleep, "1000"], depends_on: { worker: ready } }
`,
  'procs.prod.yaml': 'services: { worker: { variants: { report: null, push: { env: { QUEUE: push } } } } }\n',
};
const running = (project: Project): string[] => Object.keys(incarnations(project.instances()));

test('an edit of a variant restarts that one; scale edits it; a killed supervisor keeps them', async () => {
  const project = createProject(FILES);
  await project.up();
  const before = incarnations(project.instances());
  expect(Object.keys(before)).toEqual(['web.1', 'worker-mail.1', 'worker-report.1']);
  expect((await project.mustOrch(['logs', 'worker-report'])).stdout).toContain('queue report of worker-report');
  project.write('procs.yaml', project.read('procs.yaml').replace('QUEUE: report', 'QUEUE: batch'));
  await project.mustOrch(['wait', '--timeout', '20s']);
  const after = incarnations(project.instances());
  expect(after).toMatchObject({ 'web.1': before['web.1'], 'worker-mail.1': before['worker-mail.1'] });
  expect(after['worker-report.1']).not.toBe(before['worker-report.1']);
  await project.mustOrch(['scale', 'worker-mail=2']);
  expect(project.read('procs.yaml')).toContain('mail: { env: { QUEUE: mail }, pool: 2 }');
  await project.mustOrch(['wait', '--timeout', '20s']);
  const scaled = incarnations(project.instances());
  expect(scaled).toMatchObject(after);
  process.kill(theSupervisor(project).pid, 'SIGKILL');
  await project.up();
  expect(incarnations(project.instances())).toEqual(scaled);
  await project.mustOrch(['restart', 'worker-*', '--wait']);
  expect(incarnations(project.instances())['web.1']).toBe(before['web.1']);
  expect(await project.orch(['restart', 'worker'])).toMatchObject({
    exitCode: 2,
    stderr: 'error: no service or instance is named "worker"\nhint: did you mean "worker-*"?\n',
  });
  await project.down();
});

test('an overlay changes the variants, and plan and config name the place in them', async () => {
  const project = createProject(FILES);
  await project.mustOrch(['-e', 'prod', 'up', '-d', '--wait']);
  expect(running(project)).toEqual(['web.1', 'worker-mail.1', 'worker-push.1']);
  project.edit('procs.prod.yaml', FILES['procs.prod.yaml'].replace('QUEUE: push', 'QUEUE: now'));
  const { stdout } = await project.mustOrch(['-e', 'prod', 'config', '--explain']);
  expect(stdout).toMatch(/QUEUE: now +# procs\.prod\.yaml:1:\d+/);
  expect(stdout).toMatch(/QUEUE: mail +# procs\.yaml:6:\d+/);
  await project.down();
});
