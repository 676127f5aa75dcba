// examples/web-pool: four workers behind a balancer, scaled while they answer.
import { expect, test } from 'vitest';
import { createExampleProject, get } from '../rig/example.ts';
import { freePorts } from '../rig/free-ports.ts';
import { incarnations } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

/** The balancer, then six workers. */
const PORT = await freePorts(7);

async function whoAnswers(requests: number): Promise<Set<string>> {
  const names = new Set<string>();
  for (let n = 0; n < requests; n++) {
    const body = await get(PORT, `/hello/${n}`);
    if (body?.startsWith('{')) names.add((JSON.parse(body) as { worker: string }).worker);
  }
  return names;
}

test('requests reach every worker of the pool, also after it grows', async () => {
  const project = createExampleProject('web-pool', { 18510: PORT, 18511: PORT + 1 });
  await project.up();
  await waitFor(
    'all four answer',
    () => whoAnswers(8),
    (seen) => seen.size === 4,
  );
  const before = incarnations(project.instances());

  await project.mustOrch(['scale', 'worker=6']);
  await waitFor(
    'six answer',
    () => whoAnswers(12),
    (seen) => seen.size === 6,
  );
  expect(incarnations(project.instances())).toMatchObject(before);

  await project.mustOrch(['restart', 'worker.2']);
  const after = await waitFor(
    'worker.2 is another process',
    () => incarnations(project.instances()),
    (seen) => 'worker.2' in seen && seen['worker.2'] !== before['worker.2'],
  );
  expect({ ...after, 'worker.2': before['worker.2'] }).toMatchObject(before);

  const logs = await project.mustOrch(['logs', '--tail', '5', 'worker']);
  expect(logs.stdout).toContain('GET /hello/');
  await project.down();
});
