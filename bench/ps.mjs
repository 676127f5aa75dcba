// ps: `orch ps` as a whole process against `node -e 0`, taken in turn so that both see the same machine.
import { MAIN, runNode, withProject } from './orch.mjs';
import { poolOf } from './start.mjs';

export async function measure({ quick }) {
  const rounds = quick ? 7 : 25;
  const rows = [];
  for (const count of [10, 100]) {
    const samples = [];
    const reference = [];
    await withProject(poolOf(count), async (project) => {
      await project.run(['up', '-d', '--wait']);
      for (let round = 0; round < rounds; round++) {
        reference.push((await runNode(['-e', '0'], project.root)).durationMs);
        samples.push((await runNode([MAIN, 'ps'], project.root)).durationMs);
      }
    });
    rows.push({
      what: `orch ps, ${count} instances`,
      samples,
      unit: 'ms',
      reference: { name: 'node -e 0', samples: reference },
      target: '≤ 1.25 ×',
    });
  }
  return rows;
}
