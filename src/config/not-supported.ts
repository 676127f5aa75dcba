// Keys that the schema knows and this version does not act on: refused, never silently ignored.
// To lift one: delete its row, normalise the key, give it a class in change-classes.ts, run scripts/compile-schema.mjs.
import type { Problem } from '../core/model.ts';
import { problemAt } from './problem.ts';
import { entriesOf, type Tree } from './tree/tree.ts';

type Row = {
  /** Keys from the service or queue on; `*` stands for any key. */
  path: string;
  /** Which values are refused; all when left out. */
  when?: (value: Tree) => boolean;
  /** Completes "`x` is not supported yet: …". */
  because: string;
};

const isNot =
  (...values: unknown[]) =>
  (tree: Tree): boolean =>
    tree.kind === 'scalar' && !values.includes(tree.value);

export const NOT_SUPPORTED_IN_SERVICES: Row[] = [
  { path: 'tty', when: isNot(false), because: 'the program would not survive a crash of orch' },
];

export const NOT_SUPPORTED_IN_QUEUES: Row[] = [];

/** @param tree the merged configuration */
export function findNotSupported(tree: Tree): Problem[] {
  const problems: Problem[] = [];
  const look = (at: Tree | undefined, place: string, rows: Row[]) => {
    if (!at) return;
    for (const row of rows) problems.push(...matches(at, row, row.path.split('.'), place));
  };
  for (const { key, value } of entriesOf(tree)) {
    if (key === 'defaults') look(value, 'defaults', NOT_SUPPORTED_IN_SERVICES);
    const rows = key === 'services' ? NOT_SUPPORTED_IN_SERVICES : key === 'log_queues' ? NOT_SUPPORTED_IN_QUEUES : [];
    if (rows.length > 0) for (const entry of entriesOf(value)) look(entry.value, `${key}.${entry.key}`, rows);
  }
  return problems;
}

function matches(tree: Tree, row: Row, steps: string[], place: string): Problem[] {
  const [step, ...rest] = steps;
  if (tree.kind !== 'map') return [];
  const named = tree.entries.get(step!);
  const entries = step === '*' ? [...tree.entries.values()] : named ? [named] : [];
  return entries.flatMap((entry) => {
    const here = `${place}.${entry.key}`;
    if (rest.length > 0) return matches(entry.value, row, rest, here);
    if (row.when && !row.when(entry.value)) return [];
    const message = `\`${here}\` is not supported yet: ${row.because}`;
    return [problemAt(entry.keyAt, { code: 'not-supported-yet', message, hint: 'take it out' })];
  });
}
