// A draft -> the text of procs.yaml, in the order and layout of a file that a person writes. Pure.
import { isScalar, type Node, Pair, Scalar, type YAMLMap } from 'yaml';
import type { Plain, PlainMap } from '../model/plain.ts';
import type { KeysDraft, ProjectDraft, ServiceDraft } from '../model/project-draft.ts';
import { printYaml, setComment, startsBlock, Table, toComment, toNode } from './yaml-layout.ts';

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
export const BASE_FILE = 'procs.yaml';
export const overlayFile = (environment: string): string => `procs.${environment}.yaml`;

export type Heading = {
  /** Lines of the comment at the top. */
  lines: string[];
  /** Lines of the comment at the end. */
  closing?: string[];
};

/** Name of the file -> its text: procs.yaml, and an overlay for each environment. @param overlayLines the comment at the top of an overlay */
export function printFiles(
  project: ProjectDraft,
  heading: Heading,
  overlayLines: (environment: string) => string[],
): Record<string, string> {
  const overlays = project.environments().map((environment) => {
    const text = printOverlay(project, environment, overlayLines(environment));
    return [overlayFile(environment), text] as const;
  });
  return { [BASE_FILE]: printProject(project, heading), ...Object.fromEntries(overlays) };
}

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
  const text = printYaml(map);
  const head = [...lines, ...(project.comments.length > 0 ? ['', ...project.comments] : []), ''];
  return [toComment(head), text.trimEnd(), ...(closing.length > 0 ? ['', toComment(closing)] : [])]
    .join('\n')
    .concat('\n');
}

/** The file of one environment: only what differs. */
function printOverlay(project: ProjectDraft, environment: string, lines: string[]): string {
  const services: PlainMap = {};
  for (const { name, overlays } of project.services) if (overlays[environment]) services[name] = overlays[environment];
  const map = new Table();
  map.add(new Pair(new Scalar('services'), toNode({ services }, 0, '').items[0]!.value as Node));
  return `${toComment(lines)}\n${printYaml(map).trimEnd()}\n`;
}

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

function valueNode(value: Plain, key: string): Node {
  return toNode({ [key]: value }, 0, '').items[0]!.value as Node;
}
