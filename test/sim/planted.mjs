// `npm run sim:planted`: plants one bug after the other in a bundle of the source and shows how the simulation finds it.
// Fails when one survives. `--only TEXT` for those whose names hold it, `--runs N` seeds for each.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { compile, forget } from './compile.mjs';
import { trySeeds } from './try-seeds.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    runs: { type: 'string', default: '3000' },
    from: { type: 'string', default: '1' },
  },
});
const worker = await compile('worker');
const { bundleGuest } = await import(await compile('build'));
const { findDrift, readPlantedBugs } = await import(await compile('planted-bugs'));
const startedMs = performance.now();
const survivors = [];
let count = 0;

for (const bug of readPlantedBugs().filter(({ name }) => name.includes(values.only))) {
  const found = await hunt(bug);
  count++;
  if (!found) survivors.push(bug.name);
  const verdict = found ?? 'SURVIVED';
  process.stdout.write(`${bug.name.padEnd(42)} ${verdict.split('\n')[0].slice(0, 110)}\n`);
}
forget();
const seconds = Math.round((performance.now() - startedMs) / 1000);
process.stdout.write(`\n${count - survivors.length} of ${count} planted bugs found in ${seconds} s\n`);
process.exitCode = survivors.length > 0 ? 1 : 0;

/** @returns how it was found, or null. */
async function hunt(bug) {
  const drift = findDrift(bug);
  if (drift) throw new Error(`${bug.name}: ${drift}`);
  const { failures } = await trySeeds({
    worker,
    guestCode: await bundleGuest(bug.patches),
    name: bug.name,
    from: Number(values.from),
    runs: Number(values.runs),
    workers: cpus().length,
    stopAtFirst: true,
    known: true,
    turn: 100,
  });
  const [first] = failures;
  return first ? `${typeof first.seed === 'number' ? `seed ${first.seed}` : first.seed}: ${first.message}` : null;
}
