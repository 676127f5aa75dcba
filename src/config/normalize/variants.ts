// `services.worker.variants: { mail: …, report: … }` -> services `worker-mail` and `worker-report`, each the service with the
// variant merged over it. It comes right after the files are merged, so that the rest of the loader knows services only; each
// part keeps the place where it was written.
import type { Problem } from '../../core/load-result.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { describePlace } from '../problem/source-file.ts';
import { mergeTrees, withoutReplacing } from '../tree/merge.ts';
import {
  childOf,
  entriesOf,
  isNull,
  type ListTree,
  type MapTree,
  type Tree,
  type TreeEntry,
  withEntry,
  withoutKeys,
} from '../tree/tree.ts';

/** The service and the key below its `variants`; `own`: what is written there. */
export type VariantOrigin = { service: string; variant: string; own: Tree };
export type ExpandedVariants = {
  tree: MapTree;
  /** By the name of the service that it became. */
  origins: ReadonlyMap<string, VariantOrigin>;
};

/** @param merged the files, merged. Problems: a name that is taken, no variant, variants within variants. */
export function expandVariants(merged: MapTree, problems: Problem[]): ExpandedVariants {
  const services = childOf(merged, 'services');
  const origins = new Map<string, VariantOrigin>();
  reportMisplaced(childOf(merged, 'defaults'), 'defaults', problems);
  if (services?.kind !== 'map' || !entriesOf(services).some(({ value }) => variantsOf(value) !== null))
    return { tree: merged, origins };
  const entries = new Map<string, TreeEntry>();
  const names = new Map<string, string[]>();
  for (const entry of entriesOf(services)) {
    const variants = variantsOf(entry.value);
    const made = variants ? variantServices(entry, variants, services, problems) : [{ entry, origin: null }];
    if (variants) names.set(entry.key, []);
    for (const { entry: service, origin } of made) {
      if (origin && entries.has(service.key)) problems.push(takenName(service, entries.get(service.key)!));
      entries.set(service.key, service);
      if (!origin) continue;
      origins.set(service.key, origin);
      names.get(entry.key)!.push(service.key);
    }
  }
  const expanded = [...entries].map(([key, entry]): [string, TreeEntry] => [key, withVariantNames(entry, names)]);
  const tree = withEntry(merged, 'services', { ...services, entries: new Map(expanded) });
  const defaults = childOf(tree, 'defaults');
  return { tree: defaults ? withEntry(tree, 'defaults', dependOnVariants(defaults, names)) : tree, origins };
}

/**
 * What is wrong in the part that variants share is reported once, with the name of the service.
 * @returns the problems without repetitions
 */
export function reportOnce(problems: readonly Problem[], { origins }: ExpandedVariants): Problem[] {
  if (origins.size === 0) return [...problems];
  const names = [...origins.keys()].sort((a, b) => b.length - a.length);
  const seen = new Map<string, Problem>();
  for (const problem of problems) {
    const name = names.find((one) => problem.message.includes(one));
    const { service } = (name !== undefined && origins.get(name)) || { service: null };
    const shared = service === null ? problem.message : problem.message.replaceAll(name!, service);
    const id = [problem.file, problem.line, problem.column, problem.code, shared].join('\0');
    const before = seen.get(id);
    seen.set(id, before && before.message !== problem.message ? { ...before, message: shared } : problem);
  }
  return [...seen.values()];
}

/** @returns null: it has none, or something else that the schema refuses. */
function variantsOf(service: Tree): MapTree | null {
  const variants = childOf(service, 'variants');
  return variants?.kind === 'map' ? variants : null;
}

type MadeService = { entry: TreeEntry; origin: VariantOrigin | null };

function variantServices(entry: TreeEntry, variants: MapTree, services: MapTree, problems: Problem[]): MadeService[] {
  const base = withoutKeys(entry.value as MapTree, ['variants']);
  const made = entriesOf(variants).flatMap(({ key, keyAt, value }): MadeService[] => {
    if (isNull(value)) return [];
    const name = `${entry.key}-${key}`;
    reportMisplaced(value, 'a variant', problems);
    const other = services.entries.get(name);
    if (other) problems.push(takenName({ key: name, keyAt, value }, other));
    const own = value.kind === 'map' ? withoutKeys(value, ['variants']) : value;
    const service = { key: name, keyAt, value: mergeTrees(base, withoutReplacing(own)) };
    return [{ entry: service, origin: { service: entry.key, variant: key, own: value } }];
  });
  if (made.length > 0) return made;
  const at = (entry.value as MapTree).entries.get('variants')!.keyAt;
  const message = `the \`variants\` of ${quote(entry.key)} are empty`;
  problems.push(problemAt(at, { code: 'no-variants', message, hint: 'remove the key: the service then runs itself' }));
  return [{ entry: { ...entry, value: base }, origin: null }];
}

function reportMisplaced(tree: Tree | undefined, where: string, problems: Problem[]): void {
  const entry = tree?.kind === 'map' ? tree.entries.get('variants') : undefined;
  if (!entry || isNull(entry.value)) return;
  const message = `\`variants\` cannot be written in ${where}`;
  problems.push(problemAt(entry.keyAt, { code: 'misplaced-key', message, hint: 'write it in a service' }));
}

/** An overlay that names the service instead of its variant comes here as well. */
function takenName({ key, keyAt }: TreeEntry, other: TreeEntry): Problem {
  const message = `this variant becomes the service ${quote(key)}, which is also declared at ${describePlace(other.keyAt)}`;
  return problemAt(keyAt, {
    code: 'duplicate-service',
    message,
    hint: 'rename one of them; what changes a variant belongs below `variants`, in an overlay too',
  });
}

const withVariantNames = (entry: TreeEntry, names: ReadonlyMap<string, string[]>): TreeEntry => ({
  ...entry,
  value: dependOnVariants(entry.value, names),
});

/** A service that depends on it depends on every variant. */
function dependOnVariants(service: Tree, names: ReadonlyMap<string, string[]>): Tree {
  const depends = service.kind === 'map' ? service.entries.get('depends_on') : undefined;
  if (service.kind !== 'map' || !depends) return service;
  const value = eachVariant(depends.value, names);
  return value === depends.value ? service : withEntry(service, 'depends_on', value);
}

function eachVariant(depends: Tree, names: ReadonlyMap<string, string[]>): Tree {
  if (depends.kind === 'list') {
    const items = depends.items.flatMap((item): Tree[] => {
      const variants = item.kind === 'scalar' ? names.get(String(item.value)) : undefined;
      return variants ? variants.map((name) => ({ ...item, value: name }) as Tree) : [item];
    });
    return items.length === depends.items.length && items.every((item, index) => item === depends.items[index])
      ? depends
      : ({ ...depends, items } satisfies ListTree);
  }
  if (depends.kind === 'map' && depends.after) {
    const { after, ...own } = depends;
    return { ...(eachVariant(own, names) as MapTree), after: eachVariant(after, names) as ListTree };
  }
  if (depends.kind !== 'map' || !entriesOf(depends).some(({ key }) => names.has(key))) return depends;
  const entries = new Map<string, TreeEntry>();
  for (const entry of entriesOf(depends)) {
    // What names one variant counts more than what names them all.
    for (const key of names.get(entry.key) ?? [entry.key])
      if (!names.has(entry.key) || !entries.has(key)) entries.set(key, { ...entry, key });
  }
  return { ...depends, entries };
}
