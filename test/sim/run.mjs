// `npm run sim`: tries many seeds in several processes. `--runs N --from S --workers W`; SEED=n replays one and shrinks it.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { compile, forget } from './compile.mjs';
import { trySeeds } from './try-seeds.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    from: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    workers: { type: 'string', default: String(Math.max(2, cpus().length)) },
  },
});
const one = process.env.SEED;
const from = Number(one ?? values.from);
const runs = one === undefined ? Number(values.runs) : 1;
const startedMs = performance.now();

process.stdout.write(`seeds ${from} to ${from + runs - 1}\n`);
const { bundleGuest } = await import(await compile('build'));
const task = { worker: await compile('worker'), guestCode: await bundleGuest(), shrink: one !== undefined };
const { tried, failures, coverage } = await trySeeds({
  ...task,
  from,
  runs,
  workers: one === undefined ? Number(values.workers) : 1,
});
forget();

for (const { seed, message, scenario, story } of failures) {
  process.stdout.write(`\n${message}\nreplay: SEED=${seed} npm run sim\n`);
  if (one !== undefined) process.stdout.write(`${JSON.stringify(scenario)}\n${story.join('\n')}\n`);
}
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
process.stdout.write(`\n${tried} seeds in ${seconds} s, ${failures.length} failed\n`);
if (process.env.SIM_COVERAGE) process.stdout.write(`${[...coverage].sort().join('\n')}\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
