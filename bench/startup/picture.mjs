// `npm run pictures:start`: measures a start of ten programs and draws docs/pictures/start.svg: what the command, the supervisor
// and the programs do, and when. Times are medians of this machine.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { coloursCss } from '../../scripts/pictures/palette.mjs';
import { withMarked } from '../marked-project.mjs';
import { nowMs, prepareMarks } from '../marks.mjs';
import { runNode } from '../orch.mjs';
import { median } from '../table.mjs';
import { STAGES, traceStart } from './trace.mjs';

const PICTURE = fileURLToPath(new URL('../../docs/pictures/start.svg', import.meta.url));
const PROGRAMS = 10;
const ROUNDS = 9;

const WIDTH = 864;
const LEFT = 120;
const RIGHT = 24;
const LANE = 84;
const LINE = 15;
/** Columns of a small letter, at most. */
const LETTER = 7.5;
const TOP = 56;

/** @returns medians, ms since the start of the command; null: there is no compiler or no strace */
export async function measureStart(rounds = ROUNDS) {
  if (!prepareMarks()) return null;
  const samples = Object.fromEntries(
    [...STAGES.map(({ key }) => key), 'node', 'first', 'last', 'back'].map((key) => [key, []]),
  );
  for (let round = 0; round < rounds; round++) {
    const trace = await withMarked(3, ({ project, marks }) => traceStart(project, marks.argv('any')[0], 3));
    if (trace === null) return null;
    for (const { key } of STAGES) if (trace[key] !== null) samples[key].push(trace[key]);
    samples.node.push((await runNode(['-e', '0'], '/')).durationMs);
    await withMarked(PROGRAMS, async ({ project, marks }) => {
      const beganMs = nowMs();
      samples.back.push((await project.run(['up', '-d'])).durationMs);
      samples.last.push((await marks.untilStarted(PROGRAMS)) - beganMs);
      samples.first.push(marks.started()[0].atMs - beganMs);
    });
  }
  return Object.fromEntries(Object.entries(samples).map(([key, taken]) => [key, median(taken)]));
}

/** A row for each process, of parts: each has a text and a colour, and ends where the next one begins. */
const lanesOf = (at) => [
  {
    name: 'orch up -d',
    fromMs: 0,
    parts: [
      ['Node starts', null, at.command],
      ['reads the file, and launches', 4, Math.max(at.launched, at.read)],
      ['waits', null, at.back],
    ],
  },
  {
    name: 'supervisor',
    fromMs: at.launched,
    parts: [
      ['Node starts', null, at.supervisor],
      ['takes the lock', 5, at.locked],
      ['prepares, notes what it starts', 6, at.first],
    ],
  },
  { name: `${PROGRAMS} programs`, fromMs: at.first, parts: [['start', 2, at.last]] },
];

/** @param {Record<string, number>} at as `measureStart` gives them */
export function drawTimeLine(at) {
  const endMs = Math.max(at.last, at.back);
  const step = [10, 20, 50, 100, 200, 500].find((ms) => endMs / ms <= 10) ?? 1000;
  const xOf = (ms) => round(LEFT + (ms / endMs) * (WIDTH - LEFT - RIGHT));
  const used = new Set([4, 5, 6, 2, 8]);
  const lanes = lanesOf(at);
  const height = TOP + lanes.length * LANE + 44;
  const ticks = Array.from({ length: Math.floor(endMs / step) + 1 }, (_, index) => index * step);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>A start of ${PROGRAMS} programs: they run after ${Math.round(at.last)} ms; node -e 0 takes ${Math.round(at.node)} ms</title>`,
    `<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}.o{font-weight:700}.d{fill-opacity:.6}.s{font-size:12px}.idle{fill-opacity:.35}`,
    `${coloursCss(used)}</style>`,
    `<rect class="page" x=".5" y=".5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>`,
    `<text x="16" y="28" class="o">orch up -d of ${PROGRAMS} programs</text>`,
    `<text x="${WIDTH - RIGHT}" y="28" class="d" text-anchor="end">node -e 0: ${Math.round(at.node)} ms</text>`,
    ...lanes.flatMap((lane, index) => drawLane(lane, TOP + index * LANE, xOf)),
    ...ticks.map(
      (ms) =>
        `<text x="${xOf(ms)}" y="${height - 14}" class="d s" text-anchor="middle">${ms}${ms === 0 ? ' ms' : ''}</text>`,
    ),
    '</svg>\n',
  ].join('\n');
}

/** Below each bar, a line of text for each of its parts: none covers another, however short its part is. */
function drawLane({ name, fromMs, parts }, y, xOf) {
  let beginMs = fromMs;
  return [
    `<text x="16" y="${y + 17}" class="o">${name}</text>`,
    ...parts.flatMap(([what, colour, untilMs], index) => {
      const endMs = Math.max(untilMs, beginMs);
      const [x, end] = [xOf(beginMs), xOf(endMs)];
      const text = `${what}, ${Math.round(endMs - beginMs)} ms`;
      const isLate = x + text.length * LETTER > WIDTH;
      beginMs = endMs;
      return [
        `<rect x="${x}" y="${y}" width="${round(Math.max(1, end - x - 1))}" height="24" rx="2" ${colour === null ? 'class="b8 idle"' : `class="b${colour}"`}/>`,
        `<text x="${isLate ? end : x}" y="${y + 38 + index * LINE}" class="d s"${isLate ? ' text-anchor="end"' : ''}>${text}</text>`,
      ];
    }),
  ];
}

const round = (value) => Math.round(value * 10) / 10;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = await measureStart();
  if (at === null) {
    console.error('error: a C compiler and strace are needed');
    process.exitCode = 1;
  } else {
    writeFileSync(PICTURE, drawTimeLine(at));
    console.log(
      `${PICTURE}\n${JSON.stringify(at, (_, value) => (typeof value === 'number' ? Math.round(value) : value))}`,
    );
  }
}
