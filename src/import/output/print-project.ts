// A draft -> the text of procs.yaml, in the order and layout of a file that a person writes. Pure.
import { Document, isMap, isScalar, isSeq, type Node, Pair, Scalar, stringify, YAMLMap, YAMLSeq } from 'yaml';
import {
  isPlainMap,
  type KeysDraft,
  type Plain,
  type PlainMap,
  type ProjectDraft,
  type ServiceDraft,
} from '../model/project-draft.ts';

const PROJECT_KEYS = ['name', 'include', 'env', 'env_files', 'log_queues', 'defaults'];
const SERVICE_KEYS = [
  ...['title', 'description', 'tags', 'command', 'cwd', 'user', 'group', 'umask', 'pool', 'port', 'env_files', 'env'],
  ...[
    'depends_on',
    'log_queue',
    'stderr_queue',
    'readiness',
    'ready_after',
    'startup',
    'liveness',
    'schedule',
    'watch',
    'hooks',
  ],
  ...['restart', 'success_codes', 'healthy_after', 'on_end', 'on_failure', 'stop', 'reload', 'limits', 'listen'],
  ...['tty', 'stdin', 'profiles', 'start', 'enabled'],
];
/** Wider maps and lists are written one key a line. */
const FLOW_WIDTH = 90;
/** Words that older readers of YAML take for true or false. */
const OLD_BOOLEAN = /^(yes|no|on|off|y|n)$/i;

type Printing = NonNullable<Parameters<YAMLSeq['toString']>[0]>;
type Noticed = [onComment?: () => void, onChompKeep?: () => void];

/** `[a, b]` on one line, */
class List extends YAMLSeq<Node> {
  override toString(context?: Printing, ...noticed: Noticed): string {
    return super.toString(context && { ...context, flowCollectionPadding: '' }, ...noticed);
  }
}

/** and `{ a: b }`. */
class Table extends YAMLMap {
  override toString(context?: Printing, ...noticed: Noticed): string {
    return super.toString(context && { ...context, flowCollectionPadding: ' ' }, ...noticed);
  }
}

export type Heading = {
  /** Lines of the comment at the top. */
  lines: string[];
  /** Lines of the comment at the end. */
  closing?: string[];
};

export function printProject(project: ProjectDraft, { lines, closing = [] }: Heading): string {
  const map = toMap(project, PROJECT_KEYS);
  const services = new Table();
  for (const [index, service] of project.services.entries()) services.add(servicePair(service, index));
  services.flow = project.services.length === 0;
  const key = new Scalar('services');
  key.spaceBefore = map.items.length > 0;
  map.add(new Pair(key, services));
  for (const [index, { key, value }] of map.items.entries())
    if (index > 0 && isScalar(key)) key.spaceBefore ||= startsBlock(value) || startsBlock(map.items[index - 1]!.value);
  const text = print(map);
  const head = [...lines, ...(project.comments.length > 0 ? ['', ...project.comments] : []), ''];
  return [toComment(head), text.trimEnd(), ...(closing.length > 0 ? ['', toComment(closing)] : [])]
    .join('\n')
    .concat('\n');
}

/** The file of one environment: only what differs. */
export function printOverlay(project: ProjectDraft, environment: string, lines: string[]): string {
  const services: PlainMap = {};
  for (const { name, overlays } of project.services) if (overlays[environment]) services[name] = overlays[environment];
  const map = new Table();
  map.add(new Pair(new Scalar('services'), toNode({ services }, 0, '').items[0]!.value as Node));
  return `${toComment(lines)}\n${print(map).trimEnd()}\n`;
}

const toComment = (lines: string[]): string =>
  lines.map((line) => (line === '' ? '' : `# ${plainLine(line)}`)).join('\n');

/** Comments of a source may hold characters that steer a terminal. */
const plainLine = (line: string): string => line.replace(/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, ' ');

function print(map: YAMLMap): string {
  const document = new Document(null, { version: '1.2' });
  document.contents = map as never;
  return stringify(document, { lineWidth: 0, flowCollectionPadding: true, indentSeq: true });
}

const startsBlock = (value: unknown): boolean => (isMap(value) || isSeq(value)) && !value.flow;

function servicePair(service: ServiceDraft, index: number): Pair {
  const key = new Scalar(service.name);
  key.spaceBefore = index > 0;
  setComment(key, service.comments);
  return new Pair(key, toMap(service, SERVICE_KEYS));
}

function toMap(draft: KeysDraft, order: string[]): YAMLMap {
  const map = new Table();
  const rank = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  const keys = Object.keys(draft.keys).sort((a, b) => rank(a) - rank(b));
  for (const name of keys) {
    const key = new Scalar(name);
    setComment(key, draft.keyComments[name] ?? []);
    const value = valueNode(draft.keys[name]!, name);
    if (draft.keyNotes[name] !== undefined) value.comment = ` ${draft.keyNotes[name]}`;
    map.add(new Pair(key, value));
  }
  return map;
}

function setComment(key: Scalar, comments: string[]): void {
  const lines = [...new Set(comments)];
  if (lines.length > 0) key.commentBefore = lines.map((line) => ` ${plainLine(line)}`).join('\n');
}

function valueNode(value: Plain, key: string): Node {
  return toNode({ [key]: value }, 0, '').items[0]!.value as Node;
}

/** @param parent the key that holds the map */
function toNode(map: PlainMap, depth: number, parent: string): YAMLMap {
  const node = new Table();
  for (const [key, value] of Object.entries(map)) {
    const name = new Scalar(key);
    if (OLD_BOOLEAN.test(key)) name.type = 'QUOTE_DOUBLE';
    node.add(new Pair(name, anyNode(value, depth + 1, key)));
  }
  node.flow = depth > 0 && isShort(map, parent);
  return node;
}

function anyNode(value: Plain, depth: number, key: string): Node {
  if (isPlainMap(value)) return toNode(value, depth, key);
  if (Array.isArray(value)) {
    const list = new List();
    list.items = value.map((item) => anyNode(item, depth + 1, ''));
    list.flow = isShort(value, key) || (key === 'command' && !JSON.stringify(value).includes('\\n'));
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
  if (key === 'env' || key === 'log_queues' || key === 'services') return size <= (key === 'env' ? 2 : 0);
  return depthOf(value) <= 2;
}

function depthOf(value: Plain): number {
  if (Array.isArray(value)) return Math.max(0, ...value.map(depthOf));
  return isPlainMap(value) ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
}
