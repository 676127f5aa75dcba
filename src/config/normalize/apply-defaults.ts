// `defaults` laid under every service. What a null took away is gone afterwards, but for `env`: there it still has to
// take away what the project declares.
import { mergeTrees, withoutNulls } from '../tree/merge.ts';
import { child, type Entry, entriesOf, isNull, type MapTree, type Tree } from '../tree/tree.ts';

/** @returns the tree with whole services; removed ones are gone. */
export function applyDefaults(tree: MapTree): MapTree {
  const services = tree.entries.get('services');
  if (services?.value.kind !== 'map') return tree;
  const defaults = child(tree, 'defaults');
  const whole = entriesOf(services.value)
    .filter(({ value }) => !isNull(value))
    .map((entry): [string, Entry] => [entry.key, { ...entry, value: wholeService(entry.value, defaults) }]);
  const value: MapTree = { ...services.value, entries: new Map(whole) };
  const entries = new Map((withoutNulls(tree) as MapTree).entries).set('services', { ...services, value });
  const env = tree.entries.get('env');
  if (env && !isNull(env.value)) entries.set('env', env);
  return { ...tree, entries };
}

function wholeService(service: Tree, defaults: Tree | undefined): Tree {
  const merged = defaults?.kind === 'map' ? mergeTrees(defaults, service) : service;
  const bare = withoutNulls(merged);
  const env = merged.kind === 'map' ? merged.entries.get('env') : undefined;
  if (bare.kind !== 'map' || !env || isNull(env.value)) return bare;
  return { ...bare, entries: new Map(bare.entries).set('env', env) };
}
