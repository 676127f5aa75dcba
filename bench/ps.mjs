// ps: `orch ps` and `orch --version` as whole processes against `node -e 0`, taken in turn so that all see the same machine.

import { prepareMarks } from './marks.mjs';
import { MAIN, runNode, withProject } from './orch.mjs';
import { findRivals, withRival } from './rivals.mjs';
import { poolOf } from './start.mjs';

const TARGETS = { 100: '≤ 1.15 ×', 1000: '≤ 1.5 ×' };

export async function measure({ quick }) {
  const rounds = quick ? 7 : 25;
  const rows = [await measureCommand('orch --version', ['--version'], '/', rounds, '≤ 1.15 ×')];
  for (const count of quick ? [100] : [10, 100, 1000]) {
    rows.push(
      await withProject(poolOf(count), async (project) => {
        await project.run(['up', '-d', '--wait']);
        return measureCommand(`orch ps, ${count} instances`, ['ps'], project.root, rounds, TARGETS[count] ?? '');
      }),
    );
  }
  if (prepareMarks()) for (const rival of findRivals()) rows.push(await measureRival(rival, quick ? 2 : 9));
  return rows;
}

async function measureCommand(what, args, cwd, rounds, target) {
  const samples = [];
  const bare = [];
  for (let round = 0; round < rounds; round++) {
    bare.push((await runNode(['-e', '0'], cwd)).durationMs);
    samples.push((await runNode([MAIN, ...args], cwd)).durationMs);
  }
  return { what, samples, unit: 'ms', reference: { name: 'node -e 0', samples: bare }, target };
}

async function measureRival(rival, rounds) {
  const row = { what: `${rival.name} ${rival.ps.at(-1)}, 100 instances`, samples: [], unit: 'ms' };
  if (rival.program === null) return { ...row, missing: 'not installed' };
  const samples = await withRival(rival, 100, async ({ marks, up, down, ps }) => {
    const { ended } = up();
    await marks.untilStarted(100);
    await ended;
    const taken = [];
    for (let round = 0; round < rounds; round++) taken.push((await ps()).durationMs);
    await down();
    return taken;
  });
  return { ...row, samples };
}
