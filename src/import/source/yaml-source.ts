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

type YamlReader = { file: string; document: Document; lines: LineCounter };

/** The comments above the first key are those of the root. */
export function readYamlSource(text: string, file: string): ReadSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, logLevel: 'silent', uniqueKeys: false });
  const error = document.errors[0];
  if (error) {
    const message = error.message.split('\n')[0]!.replace(/ at line \d+.*$/, '');
    return { ok: false, problem: message, line: error.linePos?.[0].line ?? 1 };
  }
  const reader = { file, document, lines };
  const root = toNode(reader, document.contents, '', '', 0, 1);
  root.comments = [...commentLines(document.commentBefore), ...commentLines(document.contents?.commentBefore)];
  return { ok: true, root };
}

function toNode(
  reader: YamlReader,
  yaml: Node | null,
  path: string,
  key: string,
  depth: number,
  fallbackLine: number,
): SourceNode {
  const node = isAlias(yaml) ? (yaml.resolve(reader.document) ?? null) : yaml;
  const line = lineOf(reader, node) ?? fallbackLine;
  const base = { path, key, at: { file: reader.file, line }, comments: [] as string[] };
  // A YAML alias may name a node that contains it.
  if (depth > 50) return { ...base, kind: 'scalar', value: null };
  if (isMap(node)) return { ...base, kind: 'map', entries: toEntries(reader, node, path, depth, line) };
  if (isSeq(node)) {
    const items = node.items.map((item, index) =>
      toNode(reader, (isPair(item) ? item.value : item) as Node | null, `${path}[${index}]`, '', depth + 1, line),
    );
    return { ...base, kind: 'list', items };
  }
  const value = isScalar(node) ? toValue(node) : null;
  const trailing = isScalar(node) && node.comment ? commentLines(node.comment).join(' ') : undefined;
  return { ...base, kind: 'scalar', value, ...(trailing ? { trailing } : {}) };
}

function toEntries(reader: YamlReader, map: YAMLMap, path: string, depth: number, line: number): SourceNode[] {
  const entries = new Map<string, SourceNode>();
  for (const [index, pair] of map.items.entries()) {
    const own = pair as Pair<Node | null, Node | null>;
    const key = isScalar(own.key) ? (own.key.source === '<<' ? '<<' : String(own.key.value ?? '')) : String(own.key);
    const keyLine = lineOf(reader, own.key) ?? line;
    if (key === '<<') {
      for (const entry of mergedEntries(reader, own.value, path, depth, keyLine))
        if (!entries.has(entry.key)) entries.set(entry.key, entry);
      continue;
    }
    const node = toNode(reader, own.value, path === '' ? key : `${path}.${key}`, key, depth + 1, keyLine);
    node.at = { ...node.at, line: keyLine };
    const above = own.key && 'commentBefore' in own.key ? own.key.commentBefore : null;
    node.comments = [
      ...(index === 0 && depth > 0 ? commentLines(map.commentBefore) : []),
      ...commentLines(above),
      ...(isMap(own.value) || isSeq(own.value) ? commentLines(own.value.comment) : []),
    ];
    entries.set(key, node);
  }
  return [...entries.values()];
}

/** `<<: *one` and `<<: [*one, *other]`; the earlier one wins. */
function mergedEntries(
  reader: YamlReader,
  value: Node | null,
  path: string,
  depth: number,
  line: number,
): SourceNode[] {
  const sources = isSeq(value) ? (value.items as Node[]) : [value];
  return sources.flatMap((source) => {
    const node = isAlias(source) ? source.resolve(reader.document) : source;
    return isMap(node) ? toEntries(reader, node, path, depth, line) : [];
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
