// `npm run sim`: tries the known scenarios and many seeds in several processes. `--runs N --from S --workers W`; SEED=n
// replays one and shrinks it. Fails when a property does not hold, or a cell of the transition table is never used.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { compile, forget } from './compile.mjs';
import { trySeeds, turnsOf } from './try-seeds.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    from: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    workers: { type: 'string', default: String(Math.max(2, cpus().length)) },
  },
});
/** This number of seeds reaches every cell that can be reached. */
const WHOLE_RUN = 10_000;
const one = process.env.SEED;
const from = Number(one ?? values.from);
const runs = one === undefined ? Number(values.runs) : 1;
const say = (text) => process.stdout.write(`${text}\n`);

function sayFailure({ seed, message, scenario, story }) {
  say(`\n${message}\n${typeof seed === 'number' ? `replay: SEED=${seed} npm run sim` : `known scenario: ${seed}`}`);
  if (one === undefined || !scenario) return;
  say('\nThe smallest scenario that fails so:');
  for (const { services } of scenario.projects) {
    say('  project');
    for (const service of services) say(`    ${JSON.stringify(service)}`);
  }
  for (const { afterMs, project, operation } of scenario.steps)
    say(`  after ${afterMs} ms, p${project}: ${JSON.stringify(operation)}`);
  say(`\nWhat happened:\n${story.join('\n')}`);
}

say(`seeds ${from} to ${from + runs - 1}`);
const { bundleGuest } = await import(await compile('build'));
const { KNOWN_SCENARIOS } = await import(await compile('known-scenarios'));
const { missedCells } = await import(await compile('cells'));
const known = Object.keys(KNOWN_SCENARIOS);
const startedMs = performance.now();
const { tried, failures, coverage, cpuMs } = await trySeeds({
  worker: await compile('worker'),
  guestCode: await bundleGuest(),
  shrink: one !== undefined,
  turns: one === undefined ? [known, ...turnsOf(from, runs)] : turnsOf(from, 1),
  workers: one === undefined ? Number(values.workers) : 1,
  onFailure: sayFailure,
});
forget();

const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
const each = (cpuMs / Math.max(1, tried)).toFixed(1);
say(`\n${tried} scenarios in ${seconds} s, ${each} ms of CPU each, ${failures.length} failed`);
// A smaller run may miss some by chance.
const isWhole = one === undefined && runs >= WHOLE_RUN;
const missed = one === undefined ? missedCells(coverage) : null;
if (missed) {
  say(
    `${missed.reached} cells of the transition table used, ${missed.unreachable} cannot be, ${missed.never.length} never`,
  );
  for (const cell of missed.never) say(`never used: ${cell}`);
  for (const cell of missed.surprising) say(`used, although declared impossible: ${cell}`);
}
if (process.env.SIM_COVERAGE) say([...coverage].sort().join('\n'));
const isCovered = !isWhole || missed.never.length + missed.surprising.length === 0;
process.exitCode = failures.length > 0 || !isCovered ? 1 : 0;
