// A value that a script exports -> source tree. Its lines and comments are looked up in the text of the script. Pure.
import type { ScalarValue, SourceNode } from './source-node.ts';

type ScriptText = { file: string; lines: string[] };

/** A key that is not found in the text, such as one that is computed, has the line of the map that holds it. */
export function toValueSource(value: unknown, text: string, file: string): SourceNode {
  const script = { file, lines: text.split('\n') };
  return toNode(script, value, '', '', 1, { from: 0 });
}

/** @param cursor the line, from 0, from which keys are looked for */
function toNode(
  script: ScriptText,
  value: unknown,
  path: string,
  key: string,
  line: number,
  cursor: { from: number },
): SourceNode {
  const base = { path, key, at: { file: script.file, line }, comments: [] as string[] };
  if (Array.isArray(value)) {
    const items = value.map((item, index) => toNode(script, item, `${path}[${index}]`, '', line, cursor));
    for (const item of items) if (item.kind === 'map' && item.entries[0]) item.at = item.entries[0].at;
    return { ...base, kind: 'list', items };
  }
  if (value !== null && typeof value === 'object') {
    const start = cursor.from;
    let last = start;
    const entries = Object.entries(value).map(([name, inner]) => {
      const found = findKey(script.lines, name, start);
      const own = found === -1 ? line : found + 1;
      const inside = { from: found === -1 ? start : found };
      const node = toNode(script, inner, path === '' ? name : `${path}.${name}`, name, own, inside);
      last = Math.max(last, inside.from, found);
      if (found !== -1) Object.assign(node, commentsAt(script.lines, found));
      return node;
    });
    cursor.from =
      entries.length > 0 ? Math.max(last, start) + (isSameLine(script.lines, entries, last) ? 0 : 1) : start;
    return { ...base, kind: 'map', entries };
  }
  return { ...base, kind: 'scalar', value: toScalar(value) };
}

/** Maps that are written on one line share it. */
const isSameLine = (lines: string[], entries: SourceNode[], last: number): boolean =>
  entries.length > 0 && (lines[last]?.match(/[{}]/g)?.length ?? 0) > 2;

const toScalar = (value: unknown): ScalarValue =>
  value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string' ? value : null;

function findKey(lines: string[], key: string, from: number): number {
  const escaped = key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`(?:^|[\\s{,])(?:["']?${escaped}["']?\\s*:|${escaped}\\s*[,}])`);
  for (let index = from; index < lines.length; index++)
    if (pattern.test(lines[index]!.replace(/\/\/.*$/, ''))) return index;
  return -1;
}

/** `// …` on the lines above, and behind the value. */
function commentsAt(lines: string[], index: number): { comments: string[]; trailing?: string } {
  const comments: string[] = [];
  for (let above = index - 1; above >= 0; above--) {
    const match = /^\s*(?:\/\/|\/?\*+)\s?(.*?)(?:\s*\*\/)?\s*$/.exec(lines[above]!);
    if (match) comments.unshift(match[1]!);
    // The comment of a map stands above its brace.
    else if (!/^\s*\{\s*$/.test(lines[above]!)) break;
  }
  const trailing = /^[^'"`]*(?:(["'`])(?:(?!\1).)*\1[^'"`]*)*\s\/\/\s?(.*)$/.exec(lines[index]!)?.[2];
  return { comments: comments.filter((line) => line !== ''), ...(trailing ? { trailing } : {}) };
}
