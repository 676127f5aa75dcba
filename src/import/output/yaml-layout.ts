// Plain values -> YAML as a person lays it out: short maps and lists on one line, the others one key a line. Pure.
import { Document, isMap, isSeq, type Node, Pair, Scalar, stringify, YAMLMap, YAMLSeq } from 'yaml';
import { isPlainMap, type Plain, type PlainMap } from '../model/plain.ts';

/** Wider maps and lists are written one key a line. */
const FLOW_WIDTH = 90;
/** Variables, and the words of a command. */
const ENV_KEYS = new Set(['env', 'environment']);
const COMMAND_KEYS = new Set(['command', 'entrypoint', 'test']);
/** What older readers of YAML take for true or false, or for a number: `33:33`. */
const OLD_BOOLEAN = /^(yes|no|on|off|y|n|\d+(:[0-5]?\d)+)$/i;

type Printing = NonNullable<Parameters<YAMLSeq['toString']>[0]>;
type Noticed = [onComment?: () => void, onChompKeep?: () => void];

/** `[a, b]` on one line, */
class List extends YAMLSeq<Node> {
  override toString(context?: Printing, ...noticed: Noticed): string {
    return super.toString(context && { ...context, flowCollectionPadding: '' }, ...noticed);
  }
}

/** and `{ a: b }`. */
export class Table extends YAMLMap {
  override toString(context?: Printing, ...noticed: Noticed): string {
    return super.toString(context && { ...context, flowCollectionPadding: ' ' }, ...noticed);
  }
}

/** Lines of a comment; an empty one stays empty. */
export const toComment = (lines: string[]): string =>
  lines.map((line) => (line === '' ? '' : `# ${plainLine(line)}`)).join('\n');

/** Comments of a source may hold characters that steer a terminal. */
const plainLine = (line: string): string => line.replace(/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, ' ');

export function printYaml(map: YAMLMap): string {
  const document = new Document(null, { version: '1.2' });
  document.contents = map as never;
  return stringify(document, { lineWidth: 0, flowCollectionPadding: true, indentSeq: true });
}

export const startsBlock = (value: unknown): boolean => (isMap(value) || isSeq(value)) && !value.flow;

/** Above the key. */
export function setComment(key: Scalar, comments: string[]): void {
  const lines = [...new Set(comments)];
  if (lines.length > 0) key.commentBefore = lines.map((line) => ` ${plainLine(line)}`).join('\n');
}

/** @param parent the key that holds the map */
export function toNode(map: PlainMap, depth: number, parent: string): YAMLMap {
  const node = new Table();
  for (const [key, value] of Object.entries(map)) {
    const name = new Scalar(key);
    if (OLD_BOOLEAN.test(key)) name.type = 'QUOTE_DOUBLE';
    node.add(new Pair(name, anyNode(value, depth + 1, key)));
  }
  node.flow = depth > 0 && isShort(map, parent);
  return node;
}

export function anyNode(value: Plain, depth: number, key: string): Node {
  if (isPlainMap(value)) return toNode(value, depth, key);
  if (Array.isArray(value)) {
    const list = new List();
    list.items = value.map((item) => anyNode(item, depth + 1, ''));
    list.flow = isShort(value, key) || (COMMAND_KEYS.has(key) && !JSON.stringify(value).includes('\\n'));
    return list;
  }
  return scalarNode(value);
}

function scalarNode(value: string | number | boolean | null): Scalar {
  const node = new Scalar(value);
  if (typeof value !== 'string') return node;
  if (value.includes('\n')) node.type = /^\s|[^\n\t\x20-\uffff]|\s\n/.test(value) ? 'QUOTE_DOUBLE' : 'BLOCK_LITERAL';
  else if (OLD_BOOLEAN.test(value)) node.type = 'QUOTE_DOUBLE';
  else if (/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/.test(value)) node.type = 'QUOTE_DOUBLE';
  return node;
}

/** Two variables or few short keys fit on a line; a command of several lines never does. */
function isShort(value: Plain, key: string): boolean {
  const text = JSON.stringify(value);
  if (text.includes('\\n') || text.length > FLOW_WIDTH) return false;
  if (!isPlainMap(value)) return true;
  const size = Object.keys(value).length;
  if (ENV_KEYS.has(key) || key === 'log_queues' || key === 'services') return size <= (ENV_KEYS.has(key) ? 2 : 0);
  return depthOf(value) <= 2;
}

function depthOf(value: Plain): number {
  if (Array.isArray(value)) return Math.max(0, ...value.map(depthOf));
  return isPlainMap(value) ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
}
