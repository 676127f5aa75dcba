// Every log path that the benchmark compares carries its lines; how fast, is for people.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { leanNodeOptions } from '../../src/logs/lean-node.ts';

const bench = new URL('../../bench/logs/', import.meta.url);
const program = `
  import { preparePrograms } from '${bench}programs.mjs';
  import { runPath } from '${bench}run.mjs';
  import { supervisord } from '${bench}supervisord.mjs';
  import * as paths from '${bench}paths.mjs';
  const { catInTurn, catOnePipe, catPerPipe, discard, naive, orch } = paths;
  const peer = supervisord();
  const ours = ['raw', 'text', 'json'].map((format) => orch(format));
  const all = [catOnePipe, catInTurn, catPerPipe, ...ours, discard, naive, ...(peer ? [peer] : [])];
  const programs = preparePrograms();
  for (const path of all) await runPath(programs, { writers: 2, mib: 1, bytesPerWrite: 4096 }, path);
  console.log(all.length);`;

test('each path is run, and not a line is missing', () => {
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect(Number(output)).toBeGreaterThanOrEqual(8);
});

test('our log writer is started as a supervisor starts it', () => {
  const paths = fileURLToPath(new URL('paths.mjs', bench));
  const print = `import(${JSON.stringify(paths)}).then((m) => console.log(JSON.stringify(m.NODE_OPTIONS)))`;
  expect(JSON.parse(execFileSync(process.execPath, ['-e', print], { encoding: 'utf8' }))).toEqual(
    leanNodeOptions('20.0.0'),
  );
});
