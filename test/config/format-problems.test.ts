// Problems as text: the caret is under the mistake, after characters of any width; colours only on request.

import { expect, test } from 'vitest';
import { formatProblem, formatProblems } from '../../src/config/problem/format-problems.ts';
import type { Problem } from '../../src/core/load-result.ts';

const problem = (text: string, caretColumn: number, caretLength: number): Problem => ({
  severity: 'error',
  file: 'procs.yaml',
  line: 7,
  column: caretColumn,
  code: 'unknown-key',
  message: 'unknown key "comand"',
  hint: 'did you mean "command"?',
  excerpt: { text, caretColumn, caretLength },
});

test('place, message, line and hint', () => {
  expect(formatProblem(problem('    comand: x', 5, 6))).toBe(
    [
      'error: procs.yaml:7:5: unknown key "comand"',
      '  7 |     comand: x',
      '    |     ^^^^^^',
      '  hint: did you mean "command"?',
    ].join('\n'),
  );
});

test.for([
  ['日本: bad', 5, 3, '      ^^^'],
  ['\tbad', 2, 3, '    ^^^'],
  ['e\u0301: bad', 5, 3, '   ^^^'],
  ['🚀: bad', 5, 3, '    ^^^'],
  ['bad: 日本', 6, 2, '     ^^^^'],
  ['', 1, 1, '^'],
] as const)('the caret below %o', ([text, column, length, caret]) => {
  expect(formatProblem(problem(text, column, length)).split('\n')[2]).toBe(`    | ${caret}`);
});

test('problems without a place or a hint, and warnings, are printed', () => {
  const bare: Problem = {
    ...problem('', 1, 1),
    severity: 'warning',
    line: null,
    column: null,
    hint: null,
    excerpt: null,
  };
  expect(formatProblem(bare)).toBe('warning: procs.yaml: unknown key "comand"');
});

test('one block each, an empty line between', () => {
  expect(formatProblems([])).toBe('');
  expect(formatProblems([problem('a', 1, 1), problem('b', 1, 1)]).split('\n\n')).toHaveLength(2);
});

test('problems have colours only if requested, and every colour ends', () => {
  expect(formatProblem(problem('a', 1, 1))).not.toContain('\u001b');
  const coloured = formatProblem(problem('a', 1, 1), { colour: true });
  expect(coloured).toContain('\u001b[31merror:\u001b[0m');
  const marks = coloured.split('\u001b[').slice(1);
  expect(marks.filter((mark) => mark.startsWith('0m'))).toHaveLength(marks.length / 2);
});
