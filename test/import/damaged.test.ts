// Damaged files of other tools: an import refuses them by name, or makes a file that is valid. It never fails in another way.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importFiles } from '../../src/import/import-files.ts';
import { ImportProblem } from '../../src/import/model/import-context.ts';
import { readYamlSource } from '../../src/import/source/yaml-source.ts';
import { load } from '../config/loading.ts';
import { fixtures } from './fixtures.ts';

const RUNS = Number(process.env.IMPORT_RUNS ?? 8);
/** What an edit puts in place of a line. */
const JUNK = [
  '',
  '  ',
  '\t- x',
  '{',
  ': :',
  '[a]',
  '- - -',
  'a: &x [*x]',
  'command:',
  'null',
  '"\u0007"',
  '= 1',
  '$',
  '${A',
  '%(x',
  '"',
];
const VALUES = ['-1', '0', '1.5', '70000', '99999999999999999999', 'x', '1,x', '"', '', '1e9', '-5s', '$X'];

describe.each(fixtures.filter(({ tool, files }) => tool !== 'pm2' || !/\.[cm]?js$/.test(files[0]!)))(
  '$tool/$name',
  ({ directory, files }) => {
    test('with lines that are missing, moved or replaced', async () => {
      const texts = files.map((file) => readFileSync(join(directory, file), 'utf8').split('\n'));
      const edit = fc.record({ file: fc.nat(), line: fc.nat(), junk: fc.nat(), kind: fc.nat(3) });
      await fc.assert(
        fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
          const damaged = texts.map((lines) => [...lines]);
          for (const { file, line, junk, kind } of edits) {
            const lines = damaged[file % damaged.length]!;
            const at = line % lines.length;
            if (kind === 0) lines.splice(at, 1);
            else if (kind === 1) lines.splice(at, 0, lines[(at * 7) % lines.length]!);
            else if (kind === 2) lines[at] = JUNK[junk % JUNK.length]!;
            else lines[at] = lines[at]!.replace(/([:=] *).*$/, (_, before) => before + VALUES[junk % VALUES.length]!);
          }
          await importDamaged(files.map((file, index) => ({ file, text: damaged[index]!.join('\n') })));
        }),
        { numRuns: RUNS },
      );
    });
  },
);

test('supervisord: a directory of two lines is not carried', async () => {
  const text = '[program:web]\ncommand=sleep 1\ndirectory=/srv\n  /shop\n';
  await importDamaged([{ file: 'supervisord.conf', text }]);
});

const NESTED = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
const DOUBLED = Array.from({ length: 40 }, (_, n) => `x-${n + 1}: &a${n + 1} [*a${n}, *a${n}]`).join('\n');

test.each([
  ['below a key', 'x: &a\n  b: *a\n', 2, 'an alias names a value that contains it'],
  ['in a list', 'x: &a\n- b\n- *a\n', 3, 'an alias names a value that contains it'],
  ['merged', 'x: &a\n  b: 1\n  <<: *a\n', 3, 'an alias names a value that contains it'],
  ['merged as one of several', 'x: &a\n  b: 1\n  c:\n    <<: [*a]\n', 4, 'an alias names a value that contains it'],
  ['aliases that double', `x-0: &a0 [1]\n${DOUBLED}\n`, 1, 'its aliases stand for more than 200,000 values'],
  ['too deep', `x: ${NESTED}\n`, 1, 'it is nested too deeply'],
])('YAML that has no end is refused: %s', (_, text, line, problem) => {
  expect(readYamlSource(text, 'compose.yaml')).toEqual({ ok: false, line, problem });
});

test.each([
  ['exitcodes=0,x', 'program:web.exitcodes', 'it is not a list of exit codes'],
  [
    'exitcodes=0,256',
    'program:web.exitcodes',
    '`success_codes[1]` must be an exit code from 0 to 255, not the number 256',
  ],
  ['numprocs=-2', 'program:web.numprocs', '`pool` must be a number from 0 to 10000, not the number -2'],
])('a value that procs.yaml refuses is reported and left out: %s', async (line, path, reason) => {
  const text = `[program:web]\ncommand=sleep 1\n${line}\nstopwaitsecs=5\n`;
  const { files, findings } = await importTexts([{ file: 'supervisord.conf', text }]);
  expect(findings.find(({ outcome }) => outcome === 'not carried')).toMatchObject({ path, reason });
  expect(files['procs.yaml']).toContain('services:\n  web:\n    command: [sleep, "1"]\n    stop: { grace: 5s }\n');
});

test('a value with a variable stays, whatever it stands for here', async () => {
  const text =
    'processes:\n  web:\n    command: $' + 'PROGRAM serve\n    working_dir: $' + 'DIRECTORY\n    namespace: x\n';
  const { files, findings } = await importTexts([{ file: 'process-compose.yaml', text }]);
  expect(files['procs.yaml']).toContain('PROGRAM');
  expect(files['procs.yaml']).toContain('DIRECTORY');
  expect(findings.filter(({ outcome }) => outcome === 'not carried')).toEqual([]);
});

const importTexts = (inputs: { file: string; text: string }[]) =>
  importFiles({
    ...{ inputs, format: null, schema: null, read: () => null, list: () => [] },
    evaluate: async () => ({ ok: false, problem: 'not evaluated here' }),
  });

async function importDamaged(inputs: { file: string; text: string }[]): Promise<void> {
  try {
    const { files } = await importTexts(inputs);
    const result = await load(files, { environment: { HOME: '/h', PATH: '/bin' } });
    // Env files that a source names are not there, dependencies may be circles, and no variable is set.
    const problems = result.ok ? [] : result.problems.filter(({ severity }) => severity === 'error');
    expect(
      problems.filter(
        ({ code, excerpt }) =>
          !/missing|not-found|no-such|cycle|unreadable/.test(code) && !excerpt?.text.includes('${'),
      ),
      files['procs.yaml'],
    ).toEqual([]);
  } catch (error) {
    if (!(error instanceof ImportProblem)) throw error;
  }
}
