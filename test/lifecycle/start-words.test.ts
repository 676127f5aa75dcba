// Services that are started by hand, dependencies on any end, dependencies that may be missing, and ORCH_INDEX.
import { expect, test } from 'vitest';
import { createProject, instanceOf } from '../rig/project.ts';
import { theSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const shell = (script: string): string => JSON.stringify(['sh', '-c', script]);
const SLEEP = 'command: [sleep, "1000"]';

test('start: manual runs only once it is started by hand, over a killed supervisor, until down', async () => {
  const text = `services:\n  web: { ${SLEEP} }\n  console: { ${SLEEP}, start: manual, pool: 2 }\n`;
  const project = createProject({ 'procs.yaml': text });
  await project.up();
  const idle = instanceOf(await project.ps(), 'console.1');
  expect(idle).toMatchObject({ state: 'stopped', pid: null });
  expect(idle.reason).toContain('`orch start console` starts it');
  expect((await project.orch(['wait', 'console'])).exitCode).toBe(1);
  await project.mustOrch(['start', 'console', '--wait']);
  const { pid } = instanceOf(await project.ps(), 'console.2');
  process.kill(theSupervisor(project).pid, 'SIGKILL');
  await project.up();
  expect(instanceOf(await project.ps(), 'console.2').pid).toBe(pid);
  await project.mustOrch(['stop', 'console']);
  await project.mustOrch(['start', '--all', '--wait']);
  expect(instanceOf(await project.ps(), 'console.1').state).toBe('ready');
  await project.down();
  await project.up('console');
  const status = await project.ps();
  expect(['console.1', 'web.1'].map((id) => instanceOf(status, id).state)).toEqual(['ready', 'stopped']);
  await project.down();
});

test('an edit from manual to auto starts a service, and plan says so', async () => {
  const text = (more: string): string => `services:\n  web: { ${SLEEP} }\n  console: { ${SLEEP}${more} }\n`;
  const project = createProject({ 'procs.yaml': text(', start: manual') });
  await project.up();
  project.write('procs.next.yaml', 'services: { console: { start: auto } }\n');
  const plan = await project.orch(['-e', 'next', 'plan']);
  expect(plan.stdout).toContain('it is not started by hand any more');
  project.edit('procs.yaml', text(''));
  await waitFor('it runs', project.ps, (status) => instanceOf(status, 'console.1').state === 'ready');
  await project.down();
});

test.for(['exit 0', 'exit 3'])('a dependency on ended starts after %s, and not before', async (end) => {
  const migrate = `{ command: ${shell(`while [ ! -e go ]; do sleep 0.02; done; ${end}`)}, restart: never }`;
  const project = createProject({
    'procs.yaml': `services:\n  migrate: ${migrate}\n  web: { ${SLEEP}, depends_on: { migrate: ended } }\n`,
  });
  await project.mustOrch(['up', '-d']);
  const waiting = await waitFor('it waits', project.ps, (status) => instanceOf(status, 'migrate.1').pid !== null);
  expect(instanceOf(waiting, 'web.1').state).toBe('waiting');
  project.write('go', '');
  await project.mustOrch(['wait', '--for', 'ready', 'web']);
  await project.down();
});

test('required: false does not wait for what cannot come, but for what can', async () => {
  const slow = `{ command: ${shell('while [ ! -e go ]; do sleep 0.02; done; exec sleep 1000')}, readiness: { exec: [test, -e, go], every: 50ms } }`;
  const project = createProject({
    'procs.yaml': `services:
  off: { ${SLEEP}, enabled: false }
  failed: { command: ${shell('exit 1')}, restart: never }
  manual: { ${SLEEP}, start: manual }
  gone: { ${SLEEP} }
  slow: ${slow}
  web:
    ${SLEEP}
    depends_on:
      off: { condition: ready, required: false }
      failed: { condition: completed, required: false }
      manual: { condition: ready, required: false }
      gone: { condition: ready, required: false }
      slow: { condition: ready, required: false }
`,
    'procs.dev.yaml': 'services: { gone: null }\n',
  });
  const up = await project.mustOrch(['-e', 'dev', 'up', '-d']);
  expect(up.stderr).toBe('');
  await waitFor('only slow is waited for', project.ps, (status) =>
    /Waits for slow/.test(instanceOf(status, 'web.1').reason ?? ''),
  );
  project.write('go', '');
  await project.mustOrch(['wait', '--for', 'ready', 'web']);
  await project.down();
});

test('ORCH_INDEX counts from 0, also in templates', async () => {
  const project = createProject({
    'procs.yaml': `services:\n  one: { command: [sh, -c, 'echo "$$ORCH_INSTANCE $$ORCH_INDEX" > index-\${ORCH_INDEX}; exec sleep 1000'], pool: 2 }\n`,
  });
  await project.up();
  const read = () =>
    [0, 1].map((index) => (project.exists(`index-${index}`) ? project.read(`index-${index}`).trim() : ''));
  expect(await waitFor('both have written', read, (seen) => seen.every(Boolean))).toEqual(['1 0', '2 1']);
  await project.down();
});

test('stop and restart need a name or --all, and not both', async () => {
  const project = createProject({
    'procs.yaml': `services:\n  web: { ${SLEEP} }\n  off: { ${SLEEP}, enabled: false }\n`,
  });
  await project.up();
  expect(await project.orch(['stop'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--all') });
  expect((await project.orch(['stop', '--all', 'web'])).exitCode).toBe(2);
  await project.mustOrch(['stop', '--all']);
  expect(project.instances()).toEqual([]);
  expect((await project.mustOrch(['start', '--all', '--wait'])).stdout).toBe('started web.1\n');
  await project.mustOrch(['restart', '--all', '--wait']);
  await project.down();
});
