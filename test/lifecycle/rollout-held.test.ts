// A version that does not come up is held at its first failure: no other instance is stopped for it, and none that was
// stopped for it starts again in the older version.

import { describe, expect, test } from 'vitest';
import type { EventRecord } from '../../src/api/protocol.ts';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';
import { instancesOf, ofType } from './ready-count.ts';

const OK = 'setInterval(() => {}, 1000);\n';
const POOL = ['api.1', 'api.2', 'api.3', 'api.4'];

type Shape = { rollout?: string; more?: string; others?: string };

const yaml = (command: string, { rollout = '', more = '', others = '' }: Shape = {}): string =>
  `services:
  api:
    command: ${command}
    pool: { size: 4, rollout: { ${rollout} } }
    ready_after: 200ms
    ${more}
${others}`;

async function running(shape: Shape = {}): Promise<Project> {
  const project = createProject({ 'procs.yaml': yaml('[node, ok.js]', shape), 'ok.js': OK }, { readyAfter: true });
  await project.up();
  return project;
}

const isPaused = (events: EventRecord[]): boolean => ofType(events, 'rollout_paused').length > 0;

/** Of the pool, those that never stopped. */
function untouched(project: Project, before: Record<string, string>): string[] {
  const now = incarnations(project.instances());
  return POOL.filter((id) => now[id] === before[id]);
}

describe('a version that dies', () => {
  test.each([
    ['its file is missing', '[node, missing.js]', '', /api\.1 ended with exit code 1/],
    ['it dies after 0.3 s', '"sleep 0.3; exit 3"', '', /api\.1 ended with exit code 3/],
    ['it exits with success', '[node, -e, ""]', '', /api\.1 has completed/],
    ['its directory is missing', '[node, ok.js]', 'cwd: gone', /api\.1 could not be started/],
    ['its program is missing', '[./gone]', '', /api\.1 could not be started/],
    [
      'its before_start fails',
      '[node, ok.js, "2"]',
      'hooks: { before_start: "exit 4" }',
      /api\.1 could not be started/,
    ],
  ])('is held at the first failure, three keep running: %s', async (_, command, more, why) => {
    const project = await running();
    const before = incarnations(project.instances());
    project.edit('procs.yaml', yaml(command, { more }));
    const wait = await project.orch(['up', '-d', '--wait', '--timeout', '20s']);
    expect([wait.exitCode, wait.stderr]).toEqual([1, expect.stringContaining('paused')]);
    expect(wait.stderr).toMatch(why);
    expect(untouched(project, before).length).toBeGreaterThanOrEqual(3);
    const events = await project.events();
    expect(ofType(events, 'rollout_paused')[0]!.message).toMatch(why);
    expect(instancesOf(events, 'stopping')).toEqual(['api.1'].slice(0, 4 - untouched(project, before).length));
    const told = (await project.mustOrch(['why', 'api.2'])).stdout;
    expect(told).toMatch(why);
    expect(told).toContain('orch restart api');
    await project.down();
  });

  test('as many as may be missing are lost, and come back as the new version', async () => {
    const shape = { rollout: 'max_unavailable: 2', more: 'stop: { signal: SIGKILL }' };
    const project = await running(shape);
    const before = incarnations(project.instances());
    project.edit('procs.yaml', yaml('[node, missing.js]', shape));
    await waitFor('it is held', project.events, isPaused);
    await waitFor('both were started', project.ps, (status) =>
      ['api.1', 'api.2'].every((id) => instanceOf(status, id).lastExit !== null && instanceOf(status, id).restarts > 1),
    );
    expect(untouched(project, before)).toEqual(['api.3', 'api.4']);
    const { instances } = (await project.ps()).services[0]!;
    const [broken, good] = [
      new Set(instances.slice(0, 2).map((one) => one.specHash)),
      new Set(instances.slice(2).map((one) => one.specHash)),
    ];
    expect([broken.size, good.size]).toEqual([1, 1]);
    await project.down();
  });
});
