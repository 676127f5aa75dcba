// stop: `orch down` of 100 instances as a whole command.
import { withProject } from './orch.mjs';
import { poolOf } from './start.mjs';

export async function measure({ quick }) {
  const samples = [];
  for (let round = 0; round < (quick ? 2 : 5); round++) {
    await withProject(poolOf(100), async (project) => {
      await project.run(['up', '-d', '--wait']);
      samples.push((await project.run(['down'])).durationMs);
      if (project.incarnations().size > 0) throw new Error('down left instances behind');
    });
  }
  return [{ what: 'down of 100', samples, unit: 'ms' }];
}
