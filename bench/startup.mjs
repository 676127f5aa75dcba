// startup: `orch up -d` in a fresh project until 10, 100, 500 and 1,000 programs run, and where the time goes; other tools with
// the same programs beside it, where they are installed.

import { withMarked } from './marked-project.mjs';
import { NO_COMPILER, nowMs, prepareMarks } from './marks.mjs';
import { runNode } from './orch.mjs';
import { findRivals, withRival } from './rivals.mjs';
import { firstFrames } from './startup/first-frame.mjs';
import { STAGES, traceStart } from './startup/trace.mjs';

const TARGETS = {
  10: '≤ 3.4 × node',
  100: '≤ 1.5 × process-compose',
  500: '≤ 1.2 × process-compose',
  1000: '≤ 1.2 × process-compose',
};
/** Slow ones are measured up to here: pm2 needs half a minute for a stop of 1,000. */
const RIVALS_UNTIL = 100;
/** Programs of a start that is traced. */
const TRACED = 3;

export async function measure({ quick }) {
  if (!prepareMarks()) return [{ what: 'up -d → all run', samples: [], unit: 'ms', missing: NO_COMPILER }];
  const rivals = findRivals();
  const rounds = quick ? 2 : 9;
  const rows = [];
  for (const count of quick ? [10, 100] : [10, 100, 500, 1000])
    rows.push(
      ...(await measureAt(
        count,
        rivals.filter(({ isQuick }) => isQuick || count <= RIVALS_UNTIL),
        rounds,
      )),
    );
  return [...rows, ...(await measureStages(quick ? 2 : 9)), ...(await firstFrames(quick ? 2 : 9))];
}

/** In turns, so that all see the same machine. */
async function measureAt(count, rivals, rounds) {
  const bare = [];
  const times = { first: [], last: [], back: [] };
  const theirs = new Map(rivals.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    bare.push((await runNode(['-e', '0'], '/')).durationMs);
    const taken = await startOnce(count);
    for (const [name, samples] of Object.entries(times)) samples.push(taken[name]);
    for (const rival of rivals) {
      if (rival.program === null) continue;
      theirs.get(rival.name).push(await startRival(rival, count));
    }
  }
  const node = { name: 'node -e 0', samples: bare };
  const row = (what, samples, target = '') => ({ what, samples, unit: 'ms', reference: node, target });
  return [
    row(`up -d → ${count} run`, times.last, TARGETS[count]),
    row(`… the first of ${count} runs`, times.first),
    row(`… the command of ${count} is back`, times.back),
    ...rivals.map(({ name, program }) => ({
      what: `${name} → ${count} run`,
      samples: theirs.get(name),
      unit: 'ms',
      reference: theirs.get(name).length > 0 ? { name: 'orch', samples: times.last } : undefined,
      missing: program === null ? 'not installed' : 'no sample',
    })),
  ];
}

const startOnce = (count) =>
  withMarked(count, async ({ project, marks }) => {
    const beganMs = nowMs();
    const { durationMs } = await project.run(['up', '-d']);
    const last = (await marks.untilStarted(count)) - beganMs;
    return { first: marks.started()[0].atMs - beganMs, last, back: durationMs };
  });

const startRival = (rival, count) =>
  withRival(rival, count, async ({ marks, up, down }) => {
    const { beganMs, ended } = up();
    const runMs = (await marks.untilStarted(count)) - beganMs;
    await ended;
    await down();
    return runMs;
  });

/** When each stage was reached, from the start of the command. */
async function measureStages(rounds) {
  const traces = [];
  for (let round = 0; round < rounds; round++) {
    const trace = await withMarked(TRACED, ({ project, marks }) => traceStart(project, marks.argv('any')[0], TRACED));
    if (trace === null) return [{ what: 'stages of the start', samples: [], unit: 'ms', missing: 'no strace' }];
    traces.push(trace);
  }
  return STAGES.map(({ key, what }) => ({
    what: `… ${what}`,
    samples: traces.map((trace) => trace[key]).filter((ms) => ms !== null),
    unit: 'ms',
  }));
}
