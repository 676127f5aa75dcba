// `key:` with nothing behind it: the mark of a torn file or a forgotten value, and never taken for null.
import type { Problem } from '../../core/model.ts';
import { problemAt, quote } from '../problem.ts';
import { entriesOf, itemsOf, type Tree } from '../tree/tree.ts';

export function findEmptyValues(tree: Tree): Problem[] {
  const inLists = itemsOf(tree).flatMap((item) => (isEmpty(item) ? [emptyItem(item)] : findEmptyValues(item)));
  const inMaps = entriesOf(tree).flatMap(({ key, keyAt, value }) => {
    if (!isEmpty(value)) return findEmptyValues(value);
    const message = `${quote(key)} has no value`;
    return [problemAt(keyAt, { code: 'empty-value', message, hint: emptyHint(key) })];
  });
  return [...inLists, ...inMaps];
}

const isEmpty = (tree: Tree): boolean => tree.kind === 'scalar' && tree.style === 'empty';

function emptyItem(item: Tree): Problem {
  return problemAt(item.at, {
    code: 'empty-value',
    message: 'this list item has no value',
    hint: 'take it out, or write "" for an empty text',
  });
}

function emptyHint(key: string): string {
  if (key === 'services') return 'for no services at all write `services: {}`';
  return `write a value, or \`${key}: null\` to take away what other files or \`defaults\` say`;
}
