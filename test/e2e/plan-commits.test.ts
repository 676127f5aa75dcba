// `orch plan` between two commits: what it names, and that it agrees with the plan of a running project.
import { expect, test } from 'vitest';
import type { PlanChange } from '../../src/api/protocol-plan.ts';
import type { PlanReport } from '../../src/plan/plan-report.ts';
import { expectShape } from '../rig/contract.ts';
import { git as gitIn } from '../rig/git.ts';
import { createProject } from '../rig/project.ts';

const good = 'services:\n  a: { command: [sleep, "1000"], pool: 2 }\n  b: { command: [sleep, "1000"] }\n';

test('plan compares two git commits', async () => {
  const project = createProject({ 'procs.yaml': good });
  const git = (...args: string[]) => gitIn(project.root, ...args);
  git('init', '-q');
  git('add', 'procs.yaml');
  git('commit', '-qm', 'one');
  project.edit('procs.yaml', good.replace('pool: 2', 'pool: 5'));
  git('commit', '-qam', 'two');
  const plan = await project.orch(['plan', 'HEAD~1..HEAD', '--json']);
  expect(plan.exitCode).toBe(2);
  const answer = JSON.parse(plan.stdout) as { changes: unknown[] };
  expectShape('plan', answer);
  expect(answer.changes).toEqual([expect.objectContaining({ service: 'a', action: 'scale', class: 'live' })]);
  expect(project.processes()).toEqual([]);
});

test('plan of two commits is the plan of a supervisor that runs the first one', async () => {
  const service = (seconds: number): string =>
    `services:\n  db: { command: [sleep, "${seconds}"] }\n  api: { command: [sleep, "1000"], depends_on: { db: { condition: started, on_loss: restart } } }\n`;
  const project = createProject({ 'procs.yaml': service(1000) }, { readyAfter: true });
  const git = (...args: string[]) => gitIn(project.root, ...args);
  git('init', '-q');
  git('add', 'procs.yaml');
  git('commit', '-qm', 'one');
  project.write('other.yaml', service(1001));
  project.write('procs.yaml', service(1001));
  const planned = await project.orch(['plan', 'HEAD', '--json']);
  expect(planned.exitCode).toBe(2);
  const { changes } = withoutPlaces(planned.stdout);
  expect(changes.map(({ action, instances }) => [action, ...instances])).toEqual([
    ['restart', 'db.1'],
    ['restart', 'api.1'],
  ]);
  project.write('procs.yaml', service(1000));
  await project.up();
  const running = await project.orch(['plan', '-f', 'other.yaml', '--json']);
  expect(withoutPlaces(running.stdout)).toEqual(withoutPlaces(planned.stdout));
  await project.down();
});

/** The supervisor does not know where a value that it runs was written. */
function withoutPlaces(json: string): { changes: PlanChange[] } {
  const { changes } = JSON.parse(json) as PlanReport;
  const keyed = changes.map((change) => ({ ...change, keys: change.keys.map(({ at: _, was: __, ...key }) => key) }));
  return { changes: keyed };
}
