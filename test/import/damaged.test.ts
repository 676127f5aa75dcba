// Damaged files of other tools: an import refuses them by name, or makes a file that is valid. It never fails in another way.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importFiles } from '../../src/import/import-files.ts';
import { ImportProblem } from '../../src/import/model/import-context.ts';
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

describe.each(fixtures.filter(({ tool, files }) => tool !== 'pm2' || !/\.[cm]?js$/.test(files[0]!)))(
  '$tool/$name',
  ({ directory, files }) => {
    test('with lines that are missing, moved or replaced', async () => {
      const texts = files.map((file) => readFileSync(join(directory, file), 'utf8').split('\n'));
      const edit = fc.record({ file: fc.nat(), line: fc.nat(), junk: fc.nat(), kind: fc.nat(2) });
      await fc.assert(
        fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
          const damaged = texts.map((lines) => [...lines]);
          for (const { file, line, junk, kind } of edits) {
            const lines = damaged[file % damaged.length]!;
            const at = line % lines.length;
            if (kind === 0) lines.splice(at, 1);
            else if (kind === 1) lines.splice(at, 0, lines[(at * 7) % lines.length]!);
            else lines[at] = JUNK[junk % JUNK.length]!;
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

async function importDamaged(inputs: { file: string; text: string }[]): Promise<void> {
  try {
    const { files } = await importFiles({
      ...{ inputs, format: null, schema: null, read: () => null, list: () => [] },
      evaluate: async () => ({ ok: false, problem: 'not evaluated here' }),
    });
    const result = await load(files, { environment: { HOME: '/h', PATH: '/bin' } });
    // Env files that a source names are not there, and dependencies may be circles.
    const problems = result.ok ? [] : result.problems.filter(({ severity }) => severity === 'error');
    expect(
      problems.filter(({ code }) => !/missing|not-found|no-such|cycle|unreadable/.test(code)),
      files['procs.yaml'],
    ).toEqual([]);
  } catch (error) {
    if (!(error instanceof ImportProblem)) throw error;
  }
}
