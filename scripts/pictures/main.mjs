// `npm run pictures`: runs the built orch in a terminal and draws docs/pictures. Writes the pictures that are no longer
// right, or with `--all` all of them; with `--check` none, and exits with 1 if there are such.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { drawCast } from './cast.mjs';
import { textOf } from './cells.mjs';
import { withSession } from './session.mjs';
import { structureOf } from './structure.mjs';
import { drawSvg, readSvg } from './svg.mjs';
import { SIZES, takeTour } from './tour.mjs';

const PICTURES = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const COMMAND = 'npm run pictures';

async function main({ check, all, dir }) {
  const taken = await withSession(SIZES.SIZE, (session) => takeTour(session, !check));
  const stale = Object.entries(taken).flatMap(([name, { frames }]) => {
    const difference = all ? 'all were asked for' : differenceOf(join(dir, `${name}.svg`), frames);
    return difference === null ? [] : [{ name, difference }];
  });
  if (check && stale.length > 0) {
    console.error(`${stale.map(({ name, difference }) => `${name}: ${difference}`).join('\n')}\nRedraw: ${COMMAND}`);
    process.exitCode = 1;
  }
  if (check) return;
  mkdirSync(dir, { recursive: true });
  for (const { name } of stale) {
    const { frames, title } = taken[name];
    write(join(dir, `${name}.svg`), drawSvg(frames, title));
    if (frames.length > 1) write(join(dir, `${name}.cast`), drawCast(frames, title));
  }
}

function write(path, text) {
  writeFileSync(path, text);
  console.log(`${path}: ${Math.ceil(text.length / 1024)} KiB`);
}

/** @returns null when the picture shows what the program shows now, apart from numbers, times and lines of output */
function differenceOf(path, frames) {
  if (!existsSync(path)) return 'there is no such picture';
  const drawn = readSvg(readFileSync(path, 'utf8'));
  const steps = frames.filter(({ step }) => step !== null);
  const [then, now] = [[...drawn.keys()].join(', '), steps.map(({ step }) => step).join(', ')];
  if (then !== now) return `the steps were ${then}, and are ${now}`;
  for (const { step, screen } of steps) {
    const [before, after] = [structureOf(drawn.get(step)), structureOf(textOf(screen))];
    const row = after.findIndex((line, index) => line !== before[index]);
    if (row >= 0 || before.length !== after.length) {
      const index = row < 0 ? after.length : row;
      return `at the step "${step}"\n  - ${before[index] ?? ''}\n  + ${after[index] ?? ''}`;
    }
  }
  return null;
}

const { values } = parseArgs({
  options: { check: { type: 'boolean' }, all: { type: 'boolean' }, dir: { type: 'string', default: PICTURES } },
});
await main(values);
