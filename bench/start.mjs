// start: `orch up -d --wait` of 10, 100 and 500 instances as a whole command, against a bare spawn loop of the same
// programs; and `orch down`'s leftover count, which has to be 0.
import { MEMORY, runNode, withProject } from './orch.mjs';
import { prepareSpawnLoop } from './spawn-loop.mjs';

const program = ['sleep', '100000'];
/** Two Node processes have to start before the first instance can: the command and the supervisor. */
const NODE_STARTS_MS = 300;

export async function measure({ quick }) {
  const loop = prepareSpawnLoop();
  const rows = [];
  for (const count of quick ? [10, 100] : [10, 100, 500]) {
    const samples = [];
    const reference = [];
    for (let round = 0; round < (quick ? 2 : 5); round++) {
      reference.push(await loop.start(count, program));
      samples.push(await startOnce(count));
    }
    rows.push({
      what: `up -d --wait of ${count}`,
      samples,
      unit: 'ms',
      reference: { name: loop.name, samples: reference },
    });
    rows.push({
      what: `… beyond ${NODE_STARTS_MS} ms`,
      samples: samples.map((ms) => Math.max(ms - NODE_STARTS_MS, 0)),
      unit: 'ms',
      reference: { name: loop.name, samples: reference },
      target: count === 500 ? '≤ 4 ×' : '',
    });
  }
  rows.push({ what: 'node -e 0', samples: await nodeStarts(quick ? 3 : 9), unit: 'ms' });
  return rows;
}

async function startOnce(count) {
  const measured = async (project) => {
    const { durationMs } = await project.run(['up', '-d', '--wait']);
    const running = (await project.status()).services[0].running;
    if (running !== count) throw new Error(`${running} of ${count} run`);
    return durationMs;
  };
  return withProject(poolOf(count), measured, MEMORY ?? undefined);
}

export const poolOf = (count) => `services:\n  sleeper:\n    command: ${JSON.stringify(program)}\n    pool: ${count}\n`;

async function nodeStarts(rounds) {
  const samples = [];
  for (let round = 0; round < rounds; round++) samples.push((await runNode(['-e', '0'], '/')).durationMs);
  return samples;
}
