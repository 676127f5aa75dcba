// examples/cron: runs start at their times, overlapping ones are skipped, and a run can be requested now.
import { expect, test } from 'vitest';
import type { EventRecord } from '../../src/api/protocol.ts';
import { createExampleProject } from '../rig/example.ts';
import { instanceOf } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const of = (events: EventRecord[], type: string, instance: string) =>
  events.filter((event) => event.type === type && event.instance === instance);

test('a scheduled service runs at its times and waits between them', async () => {
  const project = createExampleProject('cron');
  await project.up();
  const status = await project.ps();
  expect(instanceOf(status, 'backup.1')).toMatchObject({
    state: 'waiting',
    pid: null,
    reason: expect.stringMatching(/^Next run at \d{4}-\d\d-\d\dT0[12]:00:00Z\.$/),
  });
  const events = await waitFor(
    'runs and a skipped one',
    project.events,
    (seen) => of(seen, 'started', 'report.1').length >= 3 && of(seen, 'run_skipped', 'cleanup.1').length >= 1,
    20_000,
  );
  const starts = of(events, 'started', 'report.1').map(({ time }) => Date.parse(time));
  for (const [index, start] of starts.entries()) {
    // On the second, two seconds apart.
    expect(start % 2_000).toBeLessThan(900);
    if (index > 0) expect(Math.round((start - starts[index - 1]!) / 1_000) % 2).toBe(0);
  }
  await project.mustOrch(['start', 'backup']);
  const done = await waitFor('the backup ran', project.events, (seen) => of(seen, 'completed', 'backup.1').length > 0);
  expect(of(done, 'started', 'backup.1')).toHaveLength(1);
  expect(instanceOf(await project.ps(), 'backup.1').reason).toMatch(/^Next run at .*; the last one ended well at/);
  await project.down();
});
