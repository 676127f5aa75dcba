// YAML and JSON text -> source tree, with comments and lines. Anchors and merge keys are resolved. Pure.
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { ReadSource, ScalarValue, SourceNode } from './source-node.ts';

type YamlReader = {
  file: string;
  document: Document;
  lines: LineCounter;
  /** The maps and lists around the node that is being read, through aliases too. */
  around: Set<Node>;
  /** How many nodes have been read; those of an alias count each time. */
  nodes: number;
};

const MAX_DEPTH = 100;
const TOO_DEEP = 'it is nested too deeply';
/** Aliases of aliases can stand for more values than a machine has memory. */
const MAX_NODES = 200_000;

/** What is valid YAML, but cannot be read as a tree. */
class UnreadableTree extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/** The comments above the first key are those of the root. */
export function readYamlSource(text: string, file: string): ReadSource {
  try {
    return readTree(text, file);
  } catch (thrown) {
    if (thrown instanceof UnreadableTree) return { ok: false, problem: thrown.message, line: thrown.line };
    throw thrown;
  }
}

function readTree(text: string, file: string): ReadSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, logLevel: 'silent', uniqueKeys: false });
  const error = document.errors[0];
  if (error) {
    // The library reads by recursion, and reports even that.
    if (error.message.startsWith('Maximum call stack')) return { ok: false, problem: TOO_DEEP, line: 1 };
    const message = error.message.split('\n')[0]!.replace(/ at line \d+.*$/, '');
    return { ok: false, problem: message, line: error.linePos?.[0].line ?? 1 };
  }
  const reader = { file, document, lines, around: new Set<Node>(), nodes: 0 };
  const root = toNode(reader, document.contents, '', '', 1);
  root.comments = [...commentLines(document.commentBefore), ...commentLines(document.contents?.commentBefore)];
  return { ok: true, root };
}

/** Reads what is below a map or a list, unless that is without end. */
function below<T>(reader: YamlReader, node: Node, line: number, read: () => T): T {
  if (reader.around.has(node)) throw new UnreadableTree('an alias names a value that contains it', line);
  if (reader.around.size > MAX_DEPTH) throw new UnreadableTree(TOO_DEEP, line);
  reader.around.add(node);
  const value = read();
  reader.around.delete(node);
  return value;
}

function toNode(reader: YamlReader, yaml: Node | null, path: string, key: string, fallbackLine: number): SourceNode {
  const node = isAlias(yaml) ? (yaml.resolve(reader.document) ?? null) : yaml;
  const line = lineOf(reader, node) ?? fallbackLine;
  if (++reader.nodes > MAX_NODES)
    throw new UnreadableTree(`its aliases stand for more than ${MAX_NODES.toLocaleString('en')} values`, line);
  const base = { path, key, at: { file: reader.file, line }, comments: [] as string[] };
  if (isMap(node)) return { ...base, kind: 'map', entries: toEntries(reader, node, path, fallbackLine) };
  if (isSeq(node)) {
    const items = below(reader, node, lineOf(reader, yaml) ?? line, () =>
      node.items.map((item, index) =>
        toNode(reader, (isPair(item) ? item.value : item) as Node | null, `${path}[${index}]`, '', line),
      ),
    );
    return { ...base, kind: 'list', items };
  }
  const value = isScalar(node) ? toValue(node) : null;
  const trailing = isScalar(node) && node.comment ? commentLines(node.comment).join(' ') : undefined;
  return { ...base, kind: 'scalar', value, ...(trailing ? { trailing } : {}) };
}

function toEntries(reader: YamlReader, map: YAMLMap, path: string, line: number): SourceNode[] {
  const entries = new Map<string, SourceNode>();
  const readEntry = (pair: Pair<Node | null, Node | null>, index: number) => {
    const key = isScalar(pair.key)
      ? pair.key.source === '<<'
        ? '<<'
        : String(pair.key.value ?? '')
      : String(pair.key);
    const keyLine = lineOf(reader, pair.key) ?? line;
    if (key === '<<') {
      for (const entry of mergedEntries(reader, pair.value, path, keyLine))
        if (!entries.has(entry.key)) entries.set(entry.key, entry);
      return;
    }
    const node = toNode(reader, pair.value, path === '' ? key : `${path}.${key}`, key, keyLine);
    node.at = { ...node.at, line: keyLine };
    const above = pair.key && 'commentBefore' in pair.key ? pair.key.commentBefore : null;
    node.comments = [
      ...(index === 0 && path !== '' ? commentLines(map.commentBefore) : []),
      ...commentLines(above),
      ...(isMap(pair.value) || isSeq(pair.value) ? commentLines(pair.value.comment) : []),
    ];
    entries.set(key, node);
  };
  below(reader, map, line, () => {
    for (const [index, pair] of map.items.entries()) readEntry(pair as Pair<Node | null, Node | null>, index);
  });
  return [...entries.values()];
}

/** `<<: *one` and `<<: [*one, *other]`; the earlier one wins. */
function mergedEntries(reader: YamlReader, value: Node | null, path: string, line: number): SourceNode[] {
  const sources = isSeq(value) ? (value.items as Node[]) : [value];
  return sources.flatMap((source) => {
    const node = isAlias(source) ? source.resolve(reader.document) : source;
    return isMap(node) ? toEntries(reader, node, path, line) : [];
  });
}

/** Numbers as they are written: `1.10` stays `1.10`, and 0755 keeps its zero. */
function toValue(scalar: Scalar): ScalarValue {
  const { value, source } = scalar;
  if (typeof value === 'number') return source !== undefined && String(value) !== source ? source : value;
  if (typeof value === 'bigint') return String(value);
  return value === null || typeof value === 'boolean' || typeof value === 'string' ? value : String(value);
}

function lineOf({ lines }: YamlReader, node: Node | null | undefined): number | null {
  const offset = node?.range?.[0];
  return offset === undefined ? null : lines.linePos(offset).line;
}

export function commentLines(comment: string | null | undefined): string[] {
  return (comment ?? '')
    .split('\n')
    .map((line) => line.replace(/^ /, '').trimEnd())
    .filter((line, index, all) => line !== '' || (index > 0 && index < all.length - 1));
}
