// The effective configuration as a tree with places: what `orch config` prints. The services hold the values of env files
// and of the project; loading the output gives the same services.
import type { BuiltConfig } from './build-config.ts';
import { oneLine } from './problem/problem.ts';
import { SourceFile, type Span } from './problem/source-file.ts';
import { SERVICE_KEY_CLASSES } from './schema/change-classes.ts';
import { DEFAULT_POOL, DEFAULT_QUEUE, DEFAULT_RESTART, DEFAULT_STOP } from './schema/defaults.ts';
import { escapeTemplate } from './tree/template.ts';
import {
  childOf,
  entriesOf,
  type MapTree,
  mergeTrees,
  type ScalarTree,
  type Tree,
  type TreeEntry,
  withEntry,
  withoutKeys,
  withoutNulls,
} from './tree/tree.ts';

const BUILT_IN: Span = { source: new SourceFile('', 'default', ''), start: 0, end: 0 };

/** Where a value comes from: `procs.yaml:12`, or `default`. */
export function originOf(at: Span): string {
  return at.source === BUILT_IN.source ? 'default' : `${oneLine(at.source.display)}:${at.source.locate(at.start).line}`;
}

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
  return withEntry(mergeTrees(named, kept), 'services', { kind: 'map', entries: byKey(services), at: tree.at });
}

/** The service with its whole environment in `env`, each variable where it was written last. */
function withEnv(entry: TreeEntry, { tree, context }: BuiltConfig, names: string[]): MapTree {
  const service = entry.value as MapTree;
  const layers: (Tree | undefined)[] = [
    fromFiles(context.projectFileEnv),
    childOf(tree, 'env'),
    fromFiles(context.serviceFileEnv.get(entry.key) ?? new Map()),
    childOf(service, 'env'),
  ];
  const merged = layers.reduce<Tree>((base, layer) => (layer ? mergeTrees(base, layer) : base), mapOf([]));
  const entries = entriesOf(merged).filter(({ key }) => names.includes(key));
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
  return mergeTrees(base, own);
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
