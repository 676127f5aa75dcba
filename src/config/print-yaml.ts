// A tree -> YAML that can be loaded again, with an optional comment after each value. Secrets are masked.
import { isNamesMap, maskUrls, maskValue } from './problem/masking.ts';
import type { Span } from './problem/source-file.ts';
import type { ListTree, ScalarTree, Tree } from './tree/tree.ts';

/** @param comment the text after each value, by its place; null: none */
export function printYaml(tree: Tree, comment: ((at: Span) => string) | null): string {
  return printMap(tree, '', comment, '');
}

type CommentOf = ((at: Span) => string) | null;

function printMap(tree: Tree, indent: string, comment: CommentOf, parent: string): string {
  if (tree.kind !== 'map') return '';
  return [...tree.entries.values()]
    .map(({ key, value }) => {
      const head = `${indent}${printText(key)}:`;
      if (value.kind === 'map' && value.entries.size > 0)
        return `${head}\n${printMap(value, `${indent}  `, comment, key)}`;
      if (value.kind === 'list' && isPrintedAsBlock(value, comment)) {
        return `${head}\n${printList(value.items, `${indent}  `, comment)}`;
      }
      return `${head} ${printInline(value, isNamesMap(parent) ? key : '')}${comment ? `  # ${comment(value.at)}` : ''}\n`;
    })
    .join('');
}

/** Items of several files have a comment each. */
const isPrintedAsBlock = ({ items, joined }: ListTree, comment: CommentOf): boolean =>
  (joined === true && comment !== null) || items.some((item) => item.kind !== 'scalar');

function printList(items: Tree[], indent: string, comment: CommentOf): string {
  return items
    .map((item) => {
      if (item.kind !== 'map' || item.entries.size === 0)
        return `${indent}- ${printInline(item, '')}${comment ? `  # ${comment(item.at)}` : ''}\n`;
      return `${indent}- ${printMap(item, `${indent}  `, comment, '').slice(indent.length + 2)}`;
    })
    .join('');
}

function printInline(tree: Tree, variable: string): string {
  if (tree.kind === 'list') return `[${tree.items.map((item) => printInline(item, '')).join(', ')}]`;
  if (tree.kind === 'map') {
    const pairs = [...tree.entries.values()].map(({ key, value }) => `${printText(key)}: ${printInline(value, '')}`);
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
  }
  return printScalar(tree, variable);
}

function printScalar({ value }: ScalarTree, variable: string): string {
  if (typeof value !== 'string') return String(value);
  return printText(variable === '' ? maskUrls(value) : maskValue(variable, value));
}

/** Plain where every reader takes it for a string or a unit, otherwise in double quotes: JSON strings are YAML. */
export function printText(text: string): string {
  if (/^[0-9]{1,9}(ms|[smhd]|[KMG]iB|[kKMG]?B)$/.test(text)) return text;
  const isPlain = /^[A-Za-z_./][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*$/.test(text) && text.length < 80;
  return isPlain && !/^(null|true|false|yes|no|on|off|y|n|~|\.inf|\.nan|\.|_+|\.[0-9].*)$/i.test(text)
    ? text
    : JSON.stringify(text).replace(INVISIBLE, escaped);
}

/** Characters that JSON does not escape, but a terminal may interpret. */
const INVISIBLE = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The same as plain values, for JSON. */
export function toMaskedPlain(tree: Tree, parent = '', key = ''): unknown {
  if (tree.kind === 'list') return tree.items.map((item) => toMaskedPlain(item));
  if (tree.kind === 'map') {
    const pairs = [...tree.entries.values()].map((entry) => [entry.key, toMaskedPlain(entry.value, key, entry.key)]);
    return Object.fromEntries(pairs);
  }
  if (typeof tree.value !== 'string') return tree.value;
  return isNamesMap(parent) ? maskValue(key, tree.value) : maskUrls(tree.value);
}
