// edit: one service is changed and one added among 100 and 2,000; from the save until both run. All others have to keep their
// process, and an edit of a comment has to touch none.
import { setTimeout as pause } from 'node:timers/promises';
import { withMarked } from './marked-project.mjs';
import { NO_COMPILER, nowMs, prepareMarks } from './marks.mjs';
import { untilTrue } from './orch.mjs';
import { findRivals, withRival } from './rivals.mjs';

/** What must not happen needs time to not happen. */
const QUIET_MS = 1_000;
const CHANGED = new Set(['s3']);

export async function measure({ quick }) {
  if (!prepareMarks()) return [{ what: 'save → runs', samples: [], unit: 'ms', missing: NO_COMPILER }];
  const rounds = quick ? 2 : 9;
  const few = await measureAt(100, rounds);
  const rows = rowsOf(100, few, { rename: '≤ 40 ms', plain: '≤ 90 ms' });
  if (!quick) {
    const many = await measureAt(2000, rounds);
    const own = rowsOf(2000, many, { rename: '≤ 1.5 × that of 100', plain: '≤ 1.5 × that of 100' });
    own.forEach((row, index) => {
      row.reference = { name: 'of 100', samples: rows[index].samples };
    });
    rows.push(...own);
  }
  for (const rival of findRivals()) rows.push(await measureRival(rival, quick ? 1 : 5));
  return rows;
}

const rowsOf = (count, { rename, plain }, targets) => [
  { what: `rename over the file → both run, of ${count}`, samples: rename, unit: 'ms', target: targets.rename },
  { what: `write into the file → both run, of ${count}`, samples: plain, unit: 'ms', target: targets.plain },
];

/** Each adds a service in the place of the one before. */
const measureAt = (count, rounds) =>
  withMarked(count, async ({ project, marks, textOf, savePlainly }) => {
    await project.run(['up', '-d', '--wait']);
    const samples = { rename: [], plain: [] };
    let text = '';
    for (let round = 0; round < 2 * rounds; round++) {
      const way = round % 2 === 0 ? 'rename' : 'plain';
      const before = marks.started().length;
      text = textOf({ changed: round, added: `x${round}` });
      const fromMs = nowMs();
      (way === 'rename' ? project.save : savePlainly)(text);
      samples[way].push((await marks.untilStarted(before + 2)) - fromMs);
      await pause(QUIET_MS);
      const touched = marks
        .started()
        .slice(before)
        .filter(({ name }) => !CHANGED.has(name) && name !== `x${round}`);
      if (touched.length > 0) throw new Error(`an edit of s3 touched ${touched.map(({ name }) => name).join(', ')}`);
    }
    const before = marks.started().length;
    project.save(`# only a comment\n${text}`);
    await pause(QUIET_MS);
    if (marks.started().length > before) throw new Error('an edit of a comment touched a service');
    return samples;
  });

/** By its own command for it, which counts. */
async function measureRival(rival, rounds) {
  const row = { what: `${rival.name}, 1 changed and 1 added of 100`, samples: [], unit: 'ms' };
  if (rival.program === null) return { ...row, missing: 'not installed' };
  const touched = new Set();
  const samples = await withRival(rival, 100, async ({ marks, up, down, edit, programs, save }) => {
    const { ended } = up();
    await marks.untilStarted(100);
    await ended;
    await pause(QUIET_MS);
    const taken = [];
    for (let round = 0; round < rounds; round++) {
      const before = marks.started().length;
      const changed = programs.map(([name, argv]) => [
        name,
        name === 's3' ? marks.argv(name, `changed${round}`) : argv,
      ]);
      const fromMs = nowMs();
      save([...changed, [`x${round}`, marks.argv(`x${round}`)]]);
      const applied = edit();
      const startOf = (name) =>
        marks
          .started()
          .slice(before)
          .find((one) => one.name === name);
      const both = ['s3', `x${round}`];
      await untilTrue('s3 and the added one run', () => both.every(startOf));
      taken.push(Math.max(...both.map((name) => startOf(name).atMs)) - fromMs);
      await applied;
      await pause(QUIET_MS);
      for (const { name } of marks.started().slice(before))
        if (name !== 's3' && name !== `x${round}`) touched.add(name);
    }
    await down();
    return taken;
  });
  return { ...row, samples, what: touched.size > 0 ? `${row.what}; restarted ${touched.size} others` : row.what };
}
