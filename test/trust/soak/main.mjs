// `npm run soak -- --minutes N`: 100 instances for an hour or as long as you say; a line each minute, a verdict at the end.
// Exit 1 where something grew, or an instance, a line or a process was doubled, lost or left.
import { parseArgs } from 'node:util';
import { runSoak } from './run-soak.mjs';
import { BOUNDS, JUDGED_FROM_MS, quartersOf, round } from './verdict.mjs';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } });
const durationMs = Number(values.minutes) * 60_000;
if (!(durationMs > 0)) {
  process.stderr.write('error: --minutes takes a number above 0\n');
  process.exit(2);
}

const COLUMNS = ['rss', 'pss', 'heap', 'descriptors', 'handles', 'timers', 'watches', 'threads'];
const HEADS = ['RSS', 'PSS', 'heap', 'fds', 'epoll', 'timers', 'watch', 'thr', 'CPU'];
const rowOf = (cells) => cells.map((text) => String(text).padStart(7)).join('');

const group = (name) => `  ${name.padEnd(HEADS.length * 7)}`;
process.stdout.write(`${''.padEnd(28)}${group('supervisor (MiB, %)')}${group('log writer')}\n`);
process.stdout.write(`${rowOf(['minute', 'kills', 'edits', 'inst.'])}  ${rowOf(HEADS)}  ${rowOf(HEADS)}\n`);

const before = new Map();
function report({ atMs, counts, samples, violations }) {
  const parts = Object.entries(samples).map(([name, taken]) => rowOf(cellsOf(name, taken.at(-1), atMs)));
  const head = rowOf([round(atMs / 60_000), counts.kills, counts.edits, counts.instances]);
  process.stdout.write(
    `${[head, ...parts].join('  ')}${violations.length > 0 ? `  ${violations.length} VIOLATED` : ''}\n`,
  );
}

function cellsOf(name, sample, atMs) {
  if (sample === undefined) return HEADS.map(() => '-');
  const { cpuMs, fromMs } = before.get(name) ?? { cpuMs: sample.cpuMs, fromMs: atMs };
  const percent = atMs > fromMs ? round(((sample.cpuMs - cpuMs) / (atMs - fromMs)) * 100) : '-';
  before.set(name, { cpuMs: sample.cpuMs, fromMs: atMs });
  return [...COLUMNS.map((key) => (sample[key] === null ? '-' : round(sample[key]))), percent];
}

const { samples, counts, violations } = await runSoak({
  durationMs,
  everyMs: Math.min(60_000, durationMs / 3),
  onReport: report,
});
process.stdout.write(`\n${counts.kills} kills, ${counts.edits} edits, ${counts.clients} clients\n`);
if (durationMs >= JUDGED_FROM_MS) {
  for (const [name, taken] of Object.entries(samples)) {
    for (const [key, bound] of Object.entries(BOUNDS)) {
      const { second, last } = quartersOf(taken, key);
      if (second === null || last === null) continue;
      const change = round(last - second);
      process.stdout.write(
        `${name}, ${key}: ${round(second)} → ${round(last)} (${change > 0 ? '+' : ''}${change}, at most +${bound})\n`,
      );
    }
  }
} else process.stdout.write(`too short to judge growth: that takes ${JUDGED_FROM_MS / 60_000} minutes\n`);
process.stdout.write(violations.length === 0 ? 'holds\n' : `VIOLATED\n  ${violations.join('\n  ')}\n`);
process.exitCode = violations.length > 0 ? 1 : 0;
