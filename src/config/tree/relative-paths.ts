// An included file with `as: relative`: its paths, and the working directory of its services, are relative to its own
// directory. A path is completed after its variables are filled in: `${DATA}/x` may turn out to be absolute.
import { isAbsolute } from 'node:path';
import { escapeTemplate } from './template.ts';
import { childOf, type ListTree, type MapTree, type ScalarTree, type Tree, withEntry, withValues } from './tree.ts';

type Complete = (base: string, written: string) => string;

const ofPath: Complete = (base, written) => {
  if (written === '' || isAbsolute(written)) return written;
  const below = written.replace(/^(\.\/+)+/, '');
  return below === '' || below === '.' ? escapeTemplate(base) : `${escapeTemplate(base)}/${below}`;
};
/** A path after `?` or `!`. */
const ofMarkedPath = (mark: '?' | '!', complete: Complete): Complete => {
  return (base, written) =>
    written.startsWith(mark) ? `${mark}${complete(base, written.slice(1))}` : complete(base, written);
};
const ofGlob: Complete = (base, written) => ofPath(base.replace(/[\\*?[\]{}()!+@|]/g, '\\$&'), written);
/** `host:port` stays; every path of a socket has a `/`. */
const ofAddress: Complete = (base, written) => (written.includes('/') ? ofPath(base, written) : written);

const ENV_FILE = ofMarkedPath('?', ofPath);
const WATCHED = ofMarkedPath('!', ofGlob);

/** Keys of a service; `*` is any key, `[]` any item. A test compares them with the schema. */
export const SERVICE_PATHS: Readonly<Record<string, Complete>> = {
  cwd: ofPath,
  'env_files.[]': ENV_FILE,
  'env_files.paths.[]': ENV_FILE,
  'env.*.secret': ofPath,
  'env.*.secret.file': ofPath,
  'env.*.secret.identity': ofPath,
  'log_queue.path': ofPath,
  'stderr_queue.path': ofPath,
  'singleton.pid_file': ofPath,
  'listen.[]': ofAddress,
  'watch.[]': WATCHED,
  'watch.paths.[]': WATCHED,
  'watch.ignore.[]': ofGlob,
  'readiness.unix': ofPath,
  'liveness.unix': ofPath,
  'startup.unix': ofPath,
};
export const PROJECT_PATHS: Readonly<Record<string, Complete>> = {
  'env_files.[]': ENV_FILE,
  'env.*.secret': ofPath,
  'env.*.secret.file': ofPath,
  'env.*.secret.identity': ofPath,
  'log_queues.*.path': ofPath,
};

type PathPattern = { steps: string[]; complete: Complete };
const patternsOf = (paths: Readonly<Record<string, Complete>>, above: string[]): PathPattern[] =>
  Object.entries(paths).map(([path, complete]) => ({ steps: [...above, ...path.split('.')], complete }));
const PATTERNS: readonly PathPattern[] = [
  ...patternsOf(PROJECT_PATHS, []),
  ...patternsOf(SERVICE_PATHS, ['defaults']),
  ...patternsOf(SERVICE_PATHS, ['services', '*']),
  ...patternsOf(SERVICE_PATHS, ['services', '*', 'variants', '*']),
];

/** @param base directory of the file, relative to the project, with `/` */
export function relativeTo(base: string, tree: MapTree): MapTree {
  return withDirectories(base, markPaths(base, tree, PATTERNS) as MapTree);
}

function markPaths(base: string, tree: Tree, patterns: readonly PathPattern[]): Tree {
  if (patterns.length === 0) return tree;
  if (tree.kind === 'scalar') return markScalar(base, tree, patterns);
  const below = (key: string, any: string): PathPattern[] =>
    patterns.flatMap(({ steps: [step, ...steps], complete }) =>
      step === key || step === any ? [{ steps, complete }] : [],
    );
  if (tree.kind === 'list') {
    const items = below('[]', '[]');
    return { ...tree, items: tree.items.map((item) => markPaths(base, item, items)) } satisfies ListTree;
  }
  return withValues(tree, (value, key) => markPaths(base, value, below(key, '*')));
}

function markScalar(base: string, tree: ScalarTree, patterns: readonly PathPattern[]): ScalarTree {
  const found = patterns.find(({ steps }) => steps.length === 0);
  if (!found || typeof tree.value !== 'string') return tree;
  return { ...tree, complete: (written) => found.complete(base, written) };
}

/** A command that is written in the file runs in its directory, unless the file says where. */
function withDirectories(base: string, tree: MapTree): MapTree {
  const services = childOf(tree, 'services');
  if (services?.kind !== 'map' || childOf(childOf(tree, 'defaults'), 'cwd')) return tree;
  return withEntry(
    tree,
    'services',
    withValues(services, (service) => withDirectory(base, service)),
  );
}

function withDirectory(base: string, service: Tree): Tree {
  if (service.kind !== 'map' || service.entries.has('cwd')) return service;
  const command = service.entries.get('command');
  if (command) {
    const cwd: ScalarTree = { kind: 'scalar', value: escapeTemplate(base), at: command.keyAt, style: 'quoted' };
    return withEntry(service, 'cwd', cwd);
  }
  const variants = childOf(service, 'variants');
  if (variants?.kind !== 'map') return service;
  return withEntry(
    service,
    'variants',
    withValues(variants, (variant) => withDirectory(base, variant)),
  );
}
