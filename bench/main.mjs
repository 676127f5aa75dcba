// `npm run bench -- [SECTION…] [--quick]`: measures the built orch on this machine and prints one table.
// A section is a file bench/<name>.mjs with `export async function measure({ quick }) -> Row[]`, see table.mjs.
import { existsSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { MAIN } from './orch.mjs';
import { printTable } from './table.mjs';

const sections = [
  ...['startup', 'start', 'edit', 'crash', 'chain', 'lifecycle', 'stop', 'idle', 'ps', 'validate', 'logs', 'tui'],
];

async function main(words) {
  const quick = words.includes('--quick');
  const asked = words.filter((word) => !word.startsWith('--'));
  const unknown = asked.filter((name) => !sections.includes(name));
  if (unknown.length > 0) return fail(`no section ${unknown.join(', ')}; there are: ${sections.join(', ')}`);
  if (!existsSync(MAIN)) return fail(`${MAIN} is missing: run \`npm run build\` first`);

  console.log(
    `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'cpu'}, ${gibibytes()} GiB, ${release()}`,
  );
  const rows = [];
  for (const name of asked.length > 0 ? asked : sections) {
    if (!existsSync(new URL(`${name}.mjs`, import.meta.url))) continue;
    process.stderr.write(`${name} …\n`);
    const { measure } = await import(`./${name}.mjs`);
    rows.push(...(await measure({ quick })).map((row) => ({ section: name, ...row })));
  }
  printTable(rows);
}

const gibibytes = () => (totalmem() / 2 ** 30).toFixed(1);

function fail(message) {
  console.error(`error: ${message}`);
  process.exitCode = 2;
}

await main(process.argv.slice(2));
