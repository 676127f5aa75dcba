// edit: one service among 100 is edited; from the save until its new process runs. The 99 others have to keep their
// process, and a comment edit has to touch nobody.
import { setTimeout as pause } from 'node:timers/promises';
import { untilTrue, withProject } from './orch.mjs';

export async function measure({ quick }) {
  const samples = [];
  const applied = [];
  await withProject(stack(0), async (project) => {
    await project.run(['up', '-d', '--wait']);
    const stable = others(project.incarnations());
    for (let round = 1; round <= (quick ? 3 : 10); round++) {
      const isReplaced = project.watchForNew('s50.1');
      project.save(stack(round));
      samples.push(await untilTrue('s50.1 is another process', isReplaced));
      const { durationMs } = await project.run(['wait', '--for', 'converged', '--timeout', '10s']);
      applied.push(durationMs);
      if (others(project.incarnations()) !== stable) throw new Error('an edit of s50 touched another service');
    }
    const all = JSON.stringify([...project.incarnations()].sort());
    project.save(`# only a comment\n${stack(quick ? 3 : 10)}`);
    await pause(1000); // longer than any settling: what must not happen needs time to not happen
    if (JSON.stringify([...project.incarnations()].sort()) !== all) throw new Error('a comment edit touched somebody');
  });
  return [
    { what: 'save → new process, 1 of 100', samples, unit: 'ms', target: '≤ 250 ms' },
    { what: 'orch wait --for converged', samples: applied, unit: 'ms' },
  ];
}

function stack(version) {
  const lines = ['services:'];
  for (let n = 1; n <= 100; n++) {
    lines.push(`  s${n}:`, '    command: [sleep, "100000"]');
    if (n === 50) lines.push(`    env: { VERSION: "${version}" }`);
  }
  return `${lines.join('\n')}\n`;
}

function others(incarnations) {
  return JSON.stringify([...incarnations].filter(([id]) => id !== 's50.1').sort());
}
