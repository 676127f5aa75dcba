// The effective configuration as a tree with places: what `orch config` prints. The services hold the values of env files
// and of the project; loading the output gives the same services.
import type { BuiltConfig } from './build-config.ts';
import { inheritsEnvFiles } from './files/env-files.ts';
import { SourceFile, type Span } from './problem/source-file.ts';
import { SERVICE_KEY_CLASSES } from './schema/change-classes.ts';
import {
  DEFAULT_LOG_QUEUE,
  DEFAULT_POOL,
  DEFAULT_QUEUE,
  DEFAULT_READY_AFTER,
  DEFAULT_RESTART,
  DEFAULT_STOP,
} from './schema/defaults.ts';
import { mergeTrees, withoutNulls } from './tree/merge.ts';
import { escapeTemplate } from './tree/template.ts';
import {
  childOf,
  entriesOf,
  type MapTree,
  type ScalarTree,
  type Tree,
  type TreeEntry,
  withEntry,
  withoutKeys,
} from './tree/tree.ts';

const BUILT_IN: Span = { source: new SourceFile('', 'default', ''), start: 0, end: 0 };

export const isBuiltIn = ({ source }: Span): boolean => source === BUILT_IN.source;

/** @param options `defaults`: add the values that orch uses for keys that are not written */
export function effectiveTree(built: BuiltConfig, options: { defaults: boolean }): MapTree {
  const { tree, config } = built;
  const specs = new Map(config.services.map((spec) => [spec.name as string, spec]));
  const services = entriesOf(childOf(tree, 'services')).map((entry): TreeEntry => {
    const own = withEnv(entry, built, Object.keys(specs.get(entry.key)?.env ?? {}));
    return { ...entry, value: inOrder(options.defaults ? withBuiltIn(own) : own) };
  });
  const kept = withoutKeys(withoutNulls(tree), ['env', 'env_files', 'defaults', 'services']);
  const named = mapOf([['name', scalar(config.project)]]);
  const whole = withEntry(mergeTrees(named, kept), 'services', { kind: 'map', entries: byKey(services), at: tree.at });
  return options.defaults
    ? withEntry(whole, 'log_queues', withBuiltInQueues(childOf(kept, 'log_queues'), config))
    : whole;
}

/** The path of a queue is left out: by default it is in the state directory, where no written path may lead. */
function withBuiltInQueues(written: Tree | undefined, { logQueues }: BuiltConfig['config']): MapTree {
  const { format, rotate, capacity, overflow } = DEFAULT_LOG_QUEUE;
  const shared = { format: scalar(format), capacity: scalar(capacity), overflow: scalar(overflow) };
  const rotation = mapOf(Object.entries(rotate).map(([key, value]) => [key, scalar(value)]));
  const builtIn = logQueues.map(({ name, sink }): [string, Tree] => [
    name,
    mapOf(Object.entries(sink === null ? { ...shared, rotate: rotation } : shared)),
  ]);
  return mergeTrees(mapOf(builtIn), written?.kind === 'map' ? written : mapOf([]));
}

/** The service with its whole environment in `env`, each variable where it was written last. */
function withEnv(entry: TreeEntry, { tree, context }: BuiltConfig, names: string[]): MapTree {
  const service = entry.value as MapTree;
  const layers: (Tree | undefined)[] = [
    inheritsEnvFiles(service) ? fromFiles(context.projectFileEnv) : undefined,
    childOf(tree, 'env'),
    fromFiles(context.serviceFileEnv.get(entry.key) ?? new Map()),
    childOf(service, 'env'),
  ];
  const merged = layers.reduce<Tree>((base, layer) => (layer ? mergeTrees(base, layer) : base), mapOf([]));
  const entries = entriesOf(merged)
    .filter(({ key }) => names.includes(key))
    .map((entry) => ({ ...entry, value: withoutNulls(entry.value) }));
  const bare = withoutKeys(service, ['env', 'env_files']);
  if (entries.length === 0) return bare;
  return withEntry(bare, 'env', { kind: 'map', entries: byKey(entries), at: service.at });
}

function fromFiles(variables: BuiltConfig['context']['projectFileEnv']): MapTree {
  const entries = [...variables.values()].map(({ name, value, at }): TreeEntry => {
    return { key: name, keyAt: at, value: { kind: 'scalar', value: escapeTemplate(value), at, style: 'quoted' } };
  });
  return { kind: 'map', entries: byKey(entries), at: BUILT_IN };
}

/** The shorthand of `restart` is expanded, so that defaults can be shown next to its value. */
function withBuiltIn(service: MapTree): MapTree {
  const restart = childOf(service, 'restart');
  const expanded = restart?.kind === 'scalar' ? mapOf([['policy', restart]]) : restart;
  const base = mapOf([
    ['cwd', scalar('.')],
    ['pool', scalar(DEFAULT_POOL)],
    ['log_queue', scalar(DEFAULT_QUEUE)],
    ['restart', builtInRestart()],
    ['stop', mapOf(Object.entries(DEFAULT_STOP).map(([key, value]) => [key, scalar(value)]))],
    ['enabled', scalar(true)],
  ]);
  const own = expanded ? withEntry(service, 'restart', expanded) : service;
  const isProbed = childOf(service, 'readiness') !== undefined;
  return mergeTrees(isProbed ? base : withEntry(base, 'ready_after', scalar(DEFAULT_READY_AFTER)), own);
}

/** Keys in the order of the reference, whatever file they come from. */
function inOrder(service: MapTree): MapTree {
  const order = Object.keys(SERVICE_KEY_CLASSES);
  const entries = [...service.entries].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  return { ...service, entries: new Map(entries) };
}

function builtInRestart(): MapTree {
  const { policy, initial, max, factor } = DEFAULT_RESTART;
  const backoff = mapOf([
    ['initial', scalar(initial)],
    ['max', scalar(max)],
    ['factor', scalar(factor)],
  ]);
  return mapOf([
    ['policy', scalar(policy)],
    ['backoff', backoff],
  ]);
}

const scalar = (value: ScalarTree['value']): ScalarTree => ({ kind: 'scalar', value, at: BUILT_IN, style: 'plain' });
const byKey = (entries: TreeEntry[]): MapTree['entries'] => new Map(entries.map((entry) => [entry.key, entry]));
const mapOf = (pairs: [string, Tree][]): MapTree => ({
  kind: 'map',
  entries: byKey(pairs.map(([key, value]) => ({ key, keyAt: BUILT_IN, value }))),
  at: BUILT_IN,
});
