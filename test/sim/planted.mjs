// `npm run sim:planted`: plants one bug after the other in a bundle of the source and shows how the simulation finds it.
// Fails when one survives. `--only PATTERN` for those whose names match it, `--runs N` seeds for each. What found a bug is
// kept in planted/caught-by.json and tried first the next time.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compile, forget } from './compile.mjs';
import { trySeeds, turnsOf } from './try-seeds.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    runs: { type: 'string', default: '3000' },
    from: { type: 'string', default: '1' },
  },
});
const RECORD = fileURLToPath(new URL('./planted/caught-by.json', import.meta.url));
/** Of the hunt: seeds a worker takes at a time. */
const SEEDS_PER_TURN = 25;

const worker = await compile('worker');
const { bundleGuest } = await import(await compile('build'));
const { KNOWN_SCENARIOS } = await import(await compile('known-scenarios'));
const { findDrift, readPlantedBugs } = await import(await compile('planted-bugs'));
const startedMs = performance.now();
const caughtBy = JSON.parse(readFileSync(RECORD, 'utf8'));
const bugs = readPlantedBugs();
const hunted = bugs.filter(({ name }) => new RegExp(values.only).test(name));
const survivors = [];
const rest = [...hunted];

async function huntOneAfterTheOther() {
  for (let bug = rest.shift(); bug; bug = rest.shift()) {
    const found = await hunt(bug);
    if (!found) survivors.push(bug.name);
    else caughtBy[bug.name] = found.by;
    const verdict = found ? `${found.by}: ${found.message}` : 'SURVIVED';
    process.stdout.write(`${bug.name.padEnd(42)} ${verdict.split('\n')[0].slice(0, 110)}\n`);
  }
}
await Promise.all(Array.from({ length: Math.max(2, cpus().length) }, huntOneAfterTheOther));
forget();
const known = bugs.map(({ name }) => name).filter((name) => name in caughtBy && !survivors.includes(name));
writeFileSync(RECORD, `${JSON.stringify(Object.fromEntries(known.map((name) => [name, caughtBy[name]])), null, 2)}\n`);
const seconds = Math.round((performance.now() - startedMs) / 1000);
const count = hunted.length;
process.stdout.write(`\n${count - survivors.length} of ${count} planted bugs found in ${seconds} s\n`);
for (const name of survivors) process.stdout.write(`not found: ${name}\n`);
process.exitCode = survivors.length > 0 ? 1 : 0;

/** @returns what found it (a seed, or the name of a known scenario) and what was wrong; null: nothing. */
async function hunt(bug) {
  const drift = findDrift(bug);
  if (drift) throw new Error(`${bug.name}: ${drift}`);
  const { failures } = await trySeeds({
    worker,
    guestCode: await bundleGuest(bug.patches),
    name: bug.name,
    turns: [
      ...turnsFor(caughtBy[bug.name]),
      Object.keys(KNOWN_SCENARIOS),
      ...turnsOf(Number(values.from), Number(values.runs), SEEDS_PER_TURN),
    ],
    workers: 1,
    stopAtFirst: true,
  });
  const [first] = failures;
  return first ? { by: first.seed, message: first.message } : null;
}

function turnsFor(by) {
  if (by === undefined) return [];
  if (typeof by === 'number') return turnsOf(by, 1);
  return by in KNOWN_SCENARIOS ? [[by]] : [];
}
