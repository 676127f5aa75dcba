// `npm run chaos -- --minutes N --seed S`: random faults with real processes, round by round, each with a seed of its own from S
// on. `--seed S` alone plays that one round and tells its story. Exit 1 where an invariant was violated.
import { parseArgs } from 'node:util';
import { isIsolated, playRound } from './rounds.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    faults: { type: 'string', default: '14' },
    story: { type: 'boolean', default: false },
  },
});
const from = Number(values.seed ?? Date.now() % 1_000_000);
const endMs = performance.now() + Number(values.minutes ?? 0) * 60_000;
const faults = Number(values.faults);
if (!isIsolated) process.stdout.write('namespaces are unavailable: running without full disks and recycled pids\n');

let rounds = 0;
let violated = 0;
for (let seed = from; seed === from || performance.now() < endMs; seed++) {
  const { lines, worstMs, violations, story } = await playRound(seed, faults);
  rounds++;
  const verdict = violations.length === 0 ? 'holds' : 'VIOLATED';
  process.stdout.write(`seed ${seed}: ${faults} faults, ${lines} lines, API at worst ${worstMs} ms: ${verdict}\n`);
  if (violations.length === 0 && !values.story) continue;
  violated += violations.length > 0 ? 1 : 0;
  process.stdout.write(
    `  ${[...violations, ...story].join('\n  ')}\n  again: npm run chaos -- --seed ${seed} --faults ${faults}\n`,
  );
}
process.stdout.write(`${rounds} rounds, ${violated} with a violation\n`);
process.exitCode = violated > 0 ? 1 : 0;
