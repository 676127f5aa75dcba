// Crashes are counted apart from restarts by a command and by an edit, with real processes, and survive the supervisor.
import { expect, test } from 'vitest';
import { createProject, type Project } from '../rig/project.ts';
import { supervisorsOf } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const yaml = (version: string) => `
services:
  web:
    command: 'test -e fine || exit 3; exec sleep 1000'
    env: { VERSION: "${version}" }
    restart: { policy: always, backoff: { initial: 50ms, max: 50ms }, limit: null }
  db: { command: [sleep, "1000"] }
`;
const countsOf = async (project: Project) => {
  const { services } = await project.ps();
  const [web, db] = services.map(({ instances }) => instances[0]!);
  return { state: web!.state, web: [web!.crashes, web!.restarts], db: [db!.crashes, db!.restarts] };
};

test('restarts by a command and by an edit do not count as crashes', async () => {
  const project = createProject({ 'procs.yaml': yaml('1') });
  await project.mustOrch(['up', '-d']);
  await waitFor(
    'it has crashed three times',
    () => countsOf(project),
    ({ web }) => web[0]! >= 3,
  );
  project.write('fine', '');
  await project.mustOrch(['wait']);
  const { web, db } = await countsOf(project);
  const [crashes = 0, restarts = 0] = web;
  expect([restarts, db]).toEqual([crashes, [0, 0]]);
  await project.mustOrch(['restart', 'web', 'db']);
  expect(await countsOf(project)).toMatchObject({ web: [crashes, restarts + 1], db: [0, 1] });
  project.edit('procs.yaml', yaml('2'));
  await project.mustOrch(['wait']);
  expect(await countsOf(project)).toMatchObject({ web: [crashes, restarts + 2], db: [0, 1] });
  const before = supervisorsOf(project)[0]!.pid;
  process.kill(before, 'SIGKILL');
  await project.mustOrch(['up', '-d']);
  expect(await countsOf(project)).toMatchObject({ web: [crashes, restarts + 2], db: [0, 1] });
  const { stdout } = await project.mustOrch(['ps']);
  expect(stdout).toMatch(/^NAME +STATE +CRASHES +RESTARTS /);
  expect(stdout).toMatch(new RegExp(`\\nweb +ready +${crashes} +${restarts + 2} +\\d+ `));
  expect(stdout).toMatch(/\ndb +ready +1 +\d+ /);
  expect((await project.mustOrch(['show', 'web'])).stdout).toContain(`${restarts + 2} restarts, ${crashes} crashes, `);
  await project.down();
});
