// Changes the size of one pool in a YAML text: comments, layout, quoting and line breaks stay as they are.

import { isAlias, isMap, isScalar, type Node, type Pair, parseDocument, visit, type YAMLMap } from 'yaml';
import type { Problem } from '../core/load-result.ts';
import { type ConfigResult, failed, fileProblem, problemAt, quote } from './problem/problem.ts';
import { SourceFile, spanAt } from './problem/source-file.ts';
import { MAX_POOL } from './schema/defaults.ts';
import { childOf, descend, isSameTree, type MapTree, type Tree } from './tree/tree.ts';
import { measureDepth } from './yaml/depth.ts';
import { type ParsedFile, parseWithLibrary } from './yaml/library-yaml.ts';
import { prescan } from './yaml/parse-yaml.ts';

/** Below `services`: `[api]`, or `[worker, variants, mail]`. */
export type ServicePath = [service: string, ...variant: string[]];

/**
 * @param text one file of the configuration
 * @param file its name for problems
 * @returns the edited text; the same text when the size is already set. Problems: the file lacks the service, the size comes
 * from a variable or an alias, or the edit would change another value.
 */
export function setPoolSize(
  text: string,
  service: ServicePath,
  size: number,
  file = 'procs.yaml',
): ConfigResult<{ text: string }> {
  if (!Number.isInteger(size) || size < 0 || size > MAX_POOL) {
    const message = `a pool has 0 to ${MAX_POOL} instances, not ${size}`;
    return failed(fileProblem(file, { code: 'bad-value', message }));
  }
  const mark = text.startsWith('\ufeff') ? '\ufeff' : '';
  const source = new SourceFile(file, file, text.slice(mark.length));
  const before = parseSource(source);
  if (!before.tree) return failed(...before.problems);
  const change: PoolChange = { source, service, size };
  const edit = findEdit(change);
  if (isEditProblem(edit)) return failed(edit);
  const edited = source.text.slice(0, edit.start) + edit.text + source.text.slice(edit.end);
  const problem = findSideEffect(before.tree, edited, change);
  return problem ? failed(problem) : { ok: true, text: mark + edited };
}

type PoolChange = { source: SourceFile; service: ServicePath; size: number };

/** `worker-mail` */
const nameOf = ([service, , variant]: ServicePath): string =>
  variant === undefined ? service : `${service}-${variant}`;
type TextEdit = { start: number; end: number; text: string };
type MapNode = YAMLMap<Node, Node | null>;

function findEdit(change: PoolChange): TextEdit | Problem {
  const { source, service, size } = change;
  const services = pairOf(parseNodes(source).contents, 'services');
  const pair = service.reduce((above, key) => pairOf(above?.value ?? null, key), services);
  if (!pair) {
    const message = `${source.display} does not contain ${quote(nameOf(service))}`;
    return fileProblem(source.display, { code: 'not-found', message });
  }
  if (!isMap(pair.value))
    return cannotEdit(change, pair.value ?? pair.key, `${quote(nameOf(service))} is written by reference`);
  const pool = pairOf(pair.value, 'pool');
  if (!pool) return insertKey(source, pair.value as MapNode, `pool: ${size}`);
  if (!isMap(pool.value)) return replaceValue(change, pool);
  const inner = pairOf(pool.value, 'size');
  return inner ? replaceValue(change, inner) : insertKey(source, pool.value as MapNode, `size: ${size}`);
}

const parseNodes = ({ text }: SourceFile) => parseDocument(text, { uniqueKeys: false, logLevel: 'silent' });

function parseSource(source: SourceFile): ParsedFile {
  const problems = [...prescan(source), ...measureDepth(source)];
  return problems.length > 0 ? { tree: null, problems } : parseWithLibrary(source, 'base');
}

function pairOf(node: unknown, key: string): Pair<Node, Node | null> | undefined {
  if (!isMap(node)) return undefined;
  return (node as MapNode).items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}

function replaceValue(change: PoolChange, { key, value }: Pair<Node, Node | null>): TextEdit | Problem {
  const { source, size } = change;
  if (value !== null && !isScalar(value) && !isAlias(value))
    return cannotEdit(change, value, 'the size is not a number');
  const [start, end] = value?.range ?? [key.range![1], key.range![1]];
  if (isScalar(value) && typeof value.value === 'string' && value.value.includes('$'))
    return cannotEdit(change, value, `the size comes from ${value.value}`);
  if (isScalar(value) && value.anchor && isReferenced(source, value.anchor))
    return cannotEdit(change, value, `other values use this size as *${value.anchor}`);
  const needsSpace = start === end && !/\s/.test(source.text[start - 1] ?? ' ');
  return { start, end, text: `${needsSpace ? ' ' : ''}${size}` };
}

function isReferenced(source: SourceFile, anchor: string): boolean {
  let found = false;
  visit(parseNodes(source), {
    Alias: (_, node) => {
      found ||= node.source === anchor;
    },
  });
  return found;
}

/** After `command`, or else the first key: on a line of its own, or within `{ }`. */
function insertKey(source: SourceFile, map: MapNode, line: string): TextEdit {
  const { text } = source;
  const last = map.items.at(-1);
  if (map.flow || !last) return insertInFlow(map, line);
  const after = map.items.find((pair) => isScalar(pair.key) && pair.key.value === 'command') ?? map.items[0]!;
  const end = (after.value ?? after.key).range![1];
  const lineBreak = text.includes('\r\n') ? '\r\n' : '\n';
  const { column } = source.locate(after.key.range![0]);
  const indent = ' '.repeat(column - 1);
  const next = afterComments(text, text[end - 1] === '\n' ? end : endOfLine(text, end), column);
  if (text[next - 1] === '\n') return { start: next, end: next, text: `${indent}${line}${lineBreak}` };
  return { start: text.length, end: text.length, text: `${lineBreak}${indent}${line}` };
}

function endOfLine(text: string, from: number): number {
  const lineBreak = text.indexOf('\n', from);
  return lineBreak === -1 ? text.length : lineBreak + 1;
}

/** Comments that are indented deeper than the key belong to its value, such as to the end of a list. */
function afterComments(text: string, from: number, column: number): number {
  const comments = new RegExp(`(?:(?:[ \\t]*\\r?\\n)* {${column},}#[^\\n]*(?:\\n|$))+`, 'y');
  comments.lastIndex = from;
  return comments.test(text) ? comments.lastIndex : from;
}

function insertInFlow(map: MapNode, line: string): TextEdit {
  const last = map.items.at(-1);
  const open = map.range![0] + 1;
  if (!last) return { start: open, end: open, text: ` ${line} ` };
  const end = (last.value ?? last.key).range![1];
  return { start: end, end, text: `, ${line}` };
}

/** The edited text must load to the same tree, except for this size. */
function findSideEffect(before: MapTree, edited: string, { source, service, size }: PoolChange): Problem | null {
  const { tree: after } = parseSource(new SourceFile(source.path, source.display, edited));
  const path = ['services', ...service, 'pool'];
  const pool = after && path.reduce<Tree | undefined>(childOf, after);
  const written = pool?.kind === 'map' ? childOf(pool, 'size') : pool;
  const isSet = written?.kind === 'scalar' && written.value === size;
  if (after && isSet && isSameTree(before, after, path)) return null;
  const at = descend(before, path.slice(0, -1)).entry?.keyAt;
  const message = `setting the pool of ${quote(nameOf(service))} here would change other values as well`;
  return problemAt(at ?? spanAt(source, 0), { code: 'cannot-edit', message, hint: manualEditHint(service, size) });
}

function cannotEdit({ source, service, size }: PoolChange, { range }: Node, reason: string): Problem {
  const message = `the pool of ${quote(nameOf(service))} cannot be set here: ${reason}`;
  const hint = manualEditHint(service, size);
  return problemAt(spanAt(source, range![0], range![1]), { code: 'cannot-edit', message, hint });
}

const manualEditHint = (service: ServicePath, size: number): string =>
  `set it by hand, or use \`orch scale --ephemeral ${nameOf(service)}=${size}\``;
const isEditProblem = (value: TextEdit | Problem): value is Problem => 'severity' in value;
