// stop: `orch down` of 100 and 1,000 instances: until the last process is gone, and until the command is back; others beside it.

import { withMarked } from './marked-project.mjs';
import { NO_COMPILER, nowMs, prepareMarks } from './marks.mjs';
import { findRivals, withRival } from './rivals.mjs';

export async function measure({ quick }) {
  if (!prepareMarks()) return [{ what: 'down of 100', samples: [], unit: 'ms', missing: NO_COMPILER }];
  const rows = await measureAt(100, quick ? 2 : 9, findRivals());
  if (!quick) rows.push(...(await measureAt(1000, 5, [])));
  return rows;
}

async function measureAt(count, rounds, rivals) {
  const gone = [];
  const back = [];
  const theirs = new Map(rivals.map(({ name }) => [name, { gone: [], back: [] }]));
  const add = (samples, taken) => {
    samples.gone.push(taken.goneMs);
    samples.back.push(taken.backMs);
  };
  for (let round = 0; round < rounds; round++) {
    add({ gone, back }, await stopOnce(count));
    for (const rival of rivals) if (rival.program !== null) add(theirs.get(rival.name), await stopRival(rival, count));
  }
  const isFirst = count === 100;
  return [
    {
      what: `down of ${count} → all gone`,
      samples: gone,
      unit: 'ms',
      target: isFirst ? '≤ 1.3 × process-compose' : '',
    },
    {
      what: `down of ${count} → command back`,
      samples: back,
      unit: 'ms',
      target: isFirst ? '≤ 2 × process-compose' : '',
    },
    ...rivals.flatMap(({ name, program }) =>
      ['gone', 'back'].map((what) => ({
        what: `${name} → ${what === 'gone' ? 'all gone' : 'tool gone'}`,
        samples: theirs.get(name)[what],
        unit: 'ms',
        missing: program === null ? 'not installed' : 'no sample',
      })),
    ),
  ];
}

const stopOnce = (count) =>
  withMarked(count, async ({ project, marks }) => {
    await project.run(['up', '-d', '--wait']);
    return timeStop(marks, () => project.run(['down']));
  });

const stopRival = (rival, count) =>
  withRival(rival, count, async ({ marks, up, down }) => {
    const { ended } = up();
    await marks.untilStarted(count);
    await ended;
    return timeStop(marks, down);
  });

async function timeStop(marks, stop) {
  const fromMs = nowMs();
  const stopped = stop();
  const goneMs = (await marks.untilGone()) - fromMs;
  await stopped;
  return { goneMs, backMs: nowMs() - fromMs };
}
