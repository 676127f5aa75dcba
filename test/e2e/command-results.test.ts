// What `start`, `restart` and `scale` report is what they did.
import { expect, test } from 'vitest';
import { createProject, instanceOf } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

test('start and restart say what they did not start, and why', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  db: { command: [sleep, "1000"] }
  api: { command: [sleep, "1000"], depends_on: { db: started } }
  web: { command: [sleep, "1000"], depends_on: { api: started } }
  off: { command: [sleep, "1000"], enabled: false, pool: 2 }
  none: { command: [sleep, "1000"], pool: 0 }
  gone: { command: [./no-such-program], restart: never }
  slow: { command: [sleep, "1000"], readiness: { exec: [test, -e, flag], every: 100ms } }
  late: { command: [sleep, "1000"], depends_on: { slow: ready } }
`,
  });
  await project.mustOrch(['up', '-d']);
  const off = await project.orch(['start', 'off']);
  expect(off).toMatchObject({ exitCode: 1, stdout: '' });
  expect(off.stderr).toBe('error: not started: off.1, off.2: The service is disabled (enabled: false).\n');
  expect(await project.orch(['start', 'none'])).toMatchObject({
    exitCode: 1,
    stderr: 'error: not started: none: It has no instances (pool: 0).\n',
  });
  expect(await project.orch(['restart', 'gone'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('not started: gone.1: '),
  });

  await project.mustOrch(['stop', 'web', 'api', 'db']);
  const both = await project.orch(['start', 'api', 'slow']);
  expect(both).toMatchObject({ exitCode: 1, stdout: 'started slow.1\n' });
  expect(both.stderr).toMatch(
    /^error: not started: api\.1: Waits for db \(started\): db\.1 is not wanted: stopped by hand/,
  );
  // The cause may be further down.
  expect(await project.orch(['start', '--wait', '--json', 'web'])).toMatchObject({ exitCode: 1 });
  const { error, instances, notStarted } = JSON.parse((await project.orch(['start', 'web', '--json'])).stdout);
  expect([error.code, instances, notStarted[0].instance]).toEqual(['failed', [], 'web.1']);
  expect(await project.orch(['start', 'db', 'api', 'web'])).toMatchObject({ exitCode: 0 });

  // What it waits for may still come.
  expect(await project.orch(['restart', 'late'])).toMatchObject({ exitCode: 0 });
  await project.down();
});

test('scale in the file removes an override, and says so', async () => {
  const text = 'services:\n  web: { command: [sleep, "1000"], pool: 1 }\n  other: { command: [sleep, "1000"] }\n';
  const project = createProject({ 'procs.yaml': text });
  await project.up();
  await project.mustOrch(['scale', '--ephemeral', 'web=4', 'other=2']);
  const { stdout } = await project.mustOrch(['scale', 'web=3']);
  expect(stdout).toBe('web: 3 (the override of 4 by `scale --ephemeral` is removed)\n');
  const status = await waitFor('web has 3', project.ps, ({ services }) => services[0]!.running === 3);
  expect(status.services.map(({ pool, override }) => [pool, override])).toEqual([
    [3, null],
    [2, { pool: 2 }],
  ]);
  expect((await project.mustOrch(['scale', 'web=2'])).stdout).toBe('web: 2\n');
  await project.down();
});

test('a pool may come from a variable, in quotes too; null is the default', async () => {
  const project = createProject({
    'procs.yaml': `
defaults: { pool: 3 }
services:
  plain:
    command: [sleep, "1000"]
    pool: \${SIZE:-2}
  inline: { command: [sleep, "1000"], pool: "\${SIZE:-2}", enabled: "\${ON:-true}" }
  sized: { command: [sleep, "1000"], pool: { size: "\${SIZE:-2}" } }
  standard: { command: [sleep, "1000"], pool: null }
  nested: { command: [sleep, "1000"], pool: { size: null } }
`,
  });
  await project.mustOrch(['up', '-d', '--wait'], { env: { SIZE: '4' } });
  const { services } = await project.ps();
  expect(services.map(({ name, pool }) => [name, pool])).toEqual([
    ['plain', 4],
    ['inline', 4],
    ['sized', 4],
    ['standard', 1],
    ['nested', 1],
  ]);
  expect(instanceOf(await project.ps(), 'inline.4').pid).not.toBeNull();
  project.edit(
    'procs.yaml',
    project.read('procs.yaml').replace(/inline: .*/, 'inline: { command: [sleep, "1000"], pool: null }'),
  );
  await waitFor('the edit is applied', project.ps, (status) => status.services[1]!.pool === 1);
  await project.down();
});
