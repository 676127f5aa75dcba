// crash: kill -9 of one of 100 and 2,000 instances until its successor runs, without back-off; and what a restart costs the
// supervisor where a program ends at once, again and again.
import { setTimeout as pause } from 'node:timers/promises';
import { withMarked } from './marked-project.mjs';
import { NO_COMPILER, nowMs, prepareMarks } from './marks.mjs';
import { statOf } from './orch.mjs';

const SETTLE_MS = 2_000;
const MS_PER_TICK = 10;

export async function measure({ quick }) {
  if (!prepareMarks()) return [{ what: 'kill -9 → restarted', samples: [], unit: 'ms', missing: NO_COMPILER }];
  const rounds = quick ? 3 : 20;
  const rows = [await measureCrash(100, rounds, '≤ 6 ms')];
  if (!quick) rows.push(await measureCrash(2000, rounds, '≤ 8 ms'));
  return [...rows, ...(await measureLoop(quick ? 2 : 8))];
}

async function measureCrash(count, rounds, target) {
  const samples = await withMarked(count, async ({ project, marks }) => {
    await project.run(['up', '-d', '--wait']);
    await pause(SETTLE_MS);
    const first = [...marks.started()];
    const taken = [];
    for (let round = 0; round < rounds; round++) {
      const before = marks.started().length;
      const fromMs = nowMs();
      process.kill(first[round].pid, 'SIGKILL');
      taken.push((await marks.untilStarted(before + 1)) - fromMs);
      await pause(200);
    }
    return taken;
  });
  return { what: `kill -9 → restarted, of ${count}`, samples, unit: 'ms', target };
}

/** Among 10 others. */
const measureLoop = (seconds) =>
  withMarked(10, async ({ project, marks, textOf }) => {
    await project.run(['up', '-d', '--wait']);
    const dying = JSON.stringify(marks.argv('dying', 'die'));
    project.save(
      textOf({
        extra: `  dying:\n    command: ${dying}\n    restart: { policy: always, backoff: { initial: 0ms, max: 0ms } }\n`,
      }),
    );
    await pause(SETTLE_MS);
    const { pid } = (await project.status()).supervisor;
    const costs = [];
    const rates = [];
    for (let second = 0; second < seconds; second++) {
      const [ticks, starts] = [statOf(pid).cpuTicks, marks.started().length];
      await pause(1_000);
      const restarts = marks.started().length - starts;
      costs.push(((statOf(pid).cpuTicks - ticks) * MS_PER_TICK) / restarts);
      rates.push(restarts);
    }
    return [
      { what: 'crash loop, CPU a restart', samples: costs, unit: 'ms', target: '≤ 2.5 ms' },
      { what: 'crash loop, restarts a second', samples: rates, unit: '' },
    ];
  });
