// One number in a YAML text, changed in place: comments, layout, quoting and line breaks stay as they are.

import { isAlias, isMap, isScalar, type Node, type Pair, parseDocument, visit, type YAMLMap } from 'yaml';
import type { Problem } from '../core/load-result.ts';
import { type ConfigResult, failed, fileProblem, problemAt, quote } from './problem/problem.ts';
import { SourceFile, spanAt } from './problem/source-file.ts';
import { MAX_POOL } from './schema/defaults.ts';
import { childOf, isSameTree, type MapTree } from './tree/tree.ts';
import { measureDepth } from './yaml/depth.ts';
import { type ParsedFile, parseWithLibrary } from './yaml/library-yaml.ts';
import { prescan } from './yaml/parse-yaml.ts';

/**
 * @param text a file of the configuration, by itself
 * @param file its name for problems
 * @returns the edited text; the same text when the size is already so. Problems: no such service in this file, or the size
 * comes from a variable or an alias, or changing it would change something else.
 */
export function setPoolSize(
  text: string,
  service: string,
  size: number,
  file = 'procs.yaml',
): ConfigResult<{ text: string }> {
  if (!Number.isInteger(size) || size < 0 || size > MAX_POOL) {
    return failed(
      fileProblem(file, { code: 'bad-value', message: `a pool has 0 to ${MAX_POOL} instances, not ${size}` }),
    );
  }
  const mark = text.startsWith('\ufeff') ? '\ufeff' : '';
  const source = new SourceFile(file, file, text.slice(mark.length));
  const before = parseSource(source);
  if (!before.tree) return failed(...before.problems);
  const edit = findEdit(source, service, size);
  if (isEditProblem(edit)) return failed(edit);
  const edited = source.text.slice(0, edit.start) + edit.text + source.text.slice(edit.end);
  const harm = findSideEffect(before.tree, edited, service, size, source);
  return harm ? failed(harm) : { ok: true, text: mark + edited };
}

type TextEdit = { start: number; end: number; text: string };
type MapNode = YAMLMap<Node, Node | null>;

function findEdit(source: SourceFile, service: string, size: number): TextEdit | Problem {
  const document = parseDocument(source.text, { uniqueKeys: false, logLevel: 'silent' });
  const services = pairOf(document.contents, 'services');
  const pair = pairOf(services?.value ?? null, service);
  if (!pair)
    return fileProblem(source.display, {
      code: 'not-found',
      message: `${source.display} says nothing of ${quote(service)}`,
    });
  if (!isMap(pair.value))
    return cannotEdit(source, pair.value ?? pair.key, `${quote(service)} is written by reference`, service, size);
  const pool = pairOf(pair.value, 'pool');
  if (!pool) return insertKey(source, pair.value as MapNode, `pool: ${size}`);
  if (!isMap(pool.value)) return replaceValue(source, pool, service, size);
  const inner = pairOf(pool.value, 'size');
  return inner ? replaceValue(source, inner, service, size) : insertKey(source, pool.value as MapNode, `size: ${size}`);
}

function parseSource(source: SourceFile): ParsedFile {
  const problems = [...prescan(source), ...measureDepth(source)];
  return problems.length > 0 ? { tree: null, problems } : parseWithLibrary(source, 'base');
}

function pairOf(node: unknown, key: string): Pair<Node, Node | null> | undefined {
  if (!isMap(node)) return undefined;
  return (node as MapNode).items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}

function replaceValue(
  source: SourceFile,
  pair: Pair<Node, Node | null>,
  service: string,
  size: number,
): TextEdit | Problem {
  const { value } = pair;
  if (value !== null && !isScalar(value) && !isAlias(value))
    return cannotEdit(source, value, 'the size is not a number', service, size);
  const [start, end] = value?.range ?? [pair.key.range![1], pair.key.range![1]];
  if (isScalar(value) && typeof value.value === 'string' && value.value.includes('$')) {
    return cannotEdit(source, value, `the size comes from ${value.value}`, service, size);
  }
  if (isScalar(value) && value.anchor && isReferenced(source, value.anchor)) {
    return cannotEdit(source, value, `others use this size as *${value.anchor}`, service, size);
  }
  const needsSpace = start === end && !/\s/.test(source.text[start - 1] ?? ' ');
  return { start, end, text: `${needsSpace ? ' ' : ''}${size}` };
}

function isReferenced(source: SourceFile, anchor: string): boolean {
  let found = false;
  const mark = (node: { source: string }) => {
    found ||= node.source === anchor;
  };
  visit(parseDocument(source.text, { uniqueKeys: false, logLevel: 'silent' }), { Alias: (_, node) => mark(node) });
  return found;
}

/** After `command`, or the first key whose value is on one line: on a line of its own, or within `{ }`. */
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

/** Lines of comment that are further in than the key belong to its value: the end of a list, say. */
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

/** The edited text must load to the same tree but for this size. */
function findSideEffect(
  before: MapTree,
  edited: string,
  service: string,
  size: number,
  source: SourceFile,
): Problem | null {
  const { tree: after } = parseSource(new SourceFile(source.path, source.display, edited));
  const pool = after && childOf(childOf(childOf(after, 'services'), service), 'pool');
  const written = pool?.kind === 'map' ? childOf(pool, 'size') : pool;
  const isSet = written?.kind === 'scalar' && written.value === size;
  if (after && isSet && isSameTree(before, after, ['services', service, 'pool'])) return null;
  const entry = childOf(before, 'services');
  const at = entry?.kind === 'map' ? entry.entries.get(service)?.keyAt : undefined;
  const message = `setting the pool of ${quote(service)} here would change something else as well`;
  return problemAt(at ?? spanAt(source, 0), { code: 'cannot-edit', message, hint: manualEditHint(service, size) });
}

function cannotEdit(source: SourceFile, node: Node, reason: string, service: string, size: number): Problem {
  const [start, end] = node.range!;
  return problemAt(spanAt(source, start, end), {
    code: 'cannot-edit',
    message: `the pool of ${quote(service)} cannot be set here: ${reason}`,
    hint: manualEditHint(service, size),
  });
}

const manualEditHint = (service: string, size: number): string =>
  `set it by hand, or use \`orch scale --ephemeral ${service}=${size}\``;
const isEditProblem = (value: TextEdit | Problem): value is Problem => 'severity' in value;
