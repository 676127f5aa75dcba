// URLs and ports that are fine for the first instances and nonsense for a later one: said, and nothing worse.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { expect, test } from 'vitest';
import { createProject, instanceOf } from '../rig/project.ts';
import { theSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const URL_OF_FIVE = 'http://127.0.0.1:6553${ORCH_INSTANCE}/';

test('a URL that is invalid for one instance fails its probe and its drain, and stops nothing', async () => {
  const project = createProject({
    'procs.yaml': `services:\n  a:\n    command: [sleep, "1000"]\n    pool: 5\n    readiness: { http: "${URL_OF_FIVE}" }\n    stop: { drain: { http: "${URL_OF_FIVE}" } }\n`,
  });
  await project.mustOrch(['up', '-d']);
  const { pid } = theSupervisor(project);
  await project.mustOrch(['scale', '--ephemeral', 'a=6']);
  const because = '"http://127.0.0.1:65536/" is not a valid HTTP URL';
  await waitFor(
    'it says why a.6 is not ready',
    async () => instanceOf(await project.ps(), 'a.6').reason,
    (reason) => reason?.includes(because) ?? false,
  );
  await project.mustOrch(['scale', '--ephemeral', 'a=5']);
  await waitFor('a.6 is gone', project.instances, (seen) => !seen.some(({ instance }) => instance === 'a.6'));
  const drained = (await project.events()).find(({ type }) => type === 'drain_failed');
  expect(drained).toMatchObject({ instance: 'a.6', message: expect.stringContaining(because) });
  expect(theSupervisor(project).pid).toBe(pid);
  await project.down();
});

test('scale refuses a pool that would go past the last port', async () => {
  const project = createProject({
    'procs.yaml': 'services:\n  a: { command: [sleep, "1000"], port: 65533, pool: 1, rollout: { max_surge: 1 } }\n',
  });
  await project.up();
  const refused = await project.orch(['scale', '--ephemeral', 'a=3']);
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain('error: the ports of a would go up to 65536; 65535 is the last');
  await project.mustOrch(['scale', '--ephemeral', 'a=2']);
  await project.down();
});
