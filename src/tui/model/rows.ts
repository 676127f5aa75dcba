// The rows of the table of services: filter, folds, selection, and whose output is shown. Pure; formats nothing.
import type { InstanceStatus, ServiceStatus } from '../../api/protocol.ts';
import { isMatch, type SearchPattern, searchPattern } from './search-pattern.ts';
import { sortedInstances, sortedServices } from './sort.ts';
import type { UiState } from './state.ts';

export type TableRow =
  /** The services whose first tag it is; null: those without a tag. Only where the table is grouped. */
  | { kind: 'group'; id: string; tag: string | null; services: readonly ServiceStatus[]; folded: boolean }
  /** A pool, or a service without instances: its instances, if any, are rows below when unfolded. */
  | { kind: 'pool'; id: string; service: ServiceStatus; folded: boolean }
  /** A service with one instance: both in one row. */
  | { kind: 'single'; id: string; service: ServiceStatus; instance: InstanceStatus }
  | { kind: 'instance'; id: string; service: ServiceStatus; instance: InstanceStatus };

/** Larger pools are folded until the user unfolds them. */
const FOLD_ABOVE = 8;

export function tableRows(state: UiState): TableRow[] {
  const filter = searchPattern(state.nameFilter);
  const services = sortedServices(state.status?.services ?? [], state.sort);
  if (!state.groupsByTag) return services.flatMap((service) => rowsOf(service, state, filter));
  return tagsOf(services).flatMap((tag) => {
    const found = services
      .filter((service) => firstTag(service) === tag)
      .map((service) => ({ service, rows: rowsOf(service, state, filter) }))
      .filter(({ rows }) => rows.length > 0);
    if (found.length === 0) return [];
    const id = groupId(tag);
    const folded = (state.folds[id] ?? false) && filter === null;
    const group: TableRow = { kind: 'group', id, tag, services: found.map(({ service }) => service), folded };
    return [group, ...(folded ? [] : found.flatMap(({ rows }) => rows))];
  });
}

/** Not the name of a service or an instance. */
const groupId = (tag: string | null): string => (tag === null ? 'no tag' : `tag:${tag}`);

const firstTag = ({ tags = [] }: ServiceStatus): string | null => tags[0] ?? null;

/** In the order of their names, so that sorting the services does not move the groups; those without a tag last. */
function tagsOf(services: readonly ServiceStatus[]): (string | null)[] {
  const tags = new Set(services.map(firstTag));
  const named = [...tags].filter((tag) => tag !== null).sort();
  return tags.has(null) ? [...named, null] : named;
}

/** Index of the selected row; when it is gone, of its service, else the first. -1 without rows. */
export function selectedIndex(rows: readonly TableRow[], selected: string | null): number {
  if (rows.length === 0) return -1;
  const exact = rows.findIndex((row) => row.id === selected);
  if (exact !== -1 || selected === null) return Math.max(0, exact);
  const service = selected.split('.')[0];
  return Math.max(
    0,
    rows.findIndex((row) => servicesOf(row).some(({ name }) => name === service)),
  );
}

/** The row that keys act on; null when the table is empty. */
export function selectedRow(state: UiState): TableRow | null {
  const rows = tableRows(state);
  return rows[selectedIndex(rows, state.selected)] ?? null;
}

/** The instances that a row stands for. */
export function instancesOf(row: TableRow): readonly InstanceStatus[] {
  if (row.kind === 'single' || row.kind === 'instance') return [row.instance];
  return row.kind === 'pool' ? row.service.instances : row.services.flatMap(({ instances }) => instances);
}

export function servicesOf(row: TableRow): readonly ServiceStatus[] {
  return row.kind === 'group' ? row.services : [row.service];
}

export type NamedRow = Exclude<TableRow, { kind: 'group' }>;

/** Of every service and every instance, whether the table shows it or not. */
export function namedRows(services: readonly ServiceStatus[]): NamedRow[] {
  return services.flatMap((service): NamedRow[] => {
    const { name, instances } = service;
    const [only, another] = instances;
    if (only !== undefined && another === undefined) return [{ kind: 'single', id: name, service, instance: only }];
    const below = instances.map((instance): NamedRow => ({ kind: 'instance', id: instance.id, service, instance }));
    return [{ kind: 'pool', id: name, service, folded: false }, ...below];
  });
}

/** What a command acts on. */
export type CommandTarget = { names: string[]; instances: readonly InstanceStatus[]; title: string };

export function targetOf(row: TableRow): CommandTarget {
  return { names: commandNames(row), instances: instancesOf(row), title: row.id };
}

/** An instance of a pool that is marked is meant with it, and so is a group all of whose services are. */
export function isMarked(row: TableRow, marked: ReadonlySet<string>): boolean {
  if (marked.size === 0) return false;
  if (row.kind === 'instance' && marked.has(row.service.name)) return true;
  return commandNames(row).every((name) => marked.has(name));
}

/** All that is marked and still there; null: nothing. */
export function markedTarget({ status, marked }: UiState): CommandTarget | null {
  if (marked.length === 0) return null;
  // The instances of a marked pool are meant with it.
  const rows = namedRows(status?.services ?? []).filter(({ id }) => marked.includes(id));
  const whole = new Set(rows.filter(({ kind }) => kind !== 'instance').map(({ id }) => id));
  const meant = rows.filter((row) => row.kind !== 'instance' || !whole.has(row.service.name));
  if (meant.length === 0) return null;
  const title = meant.length === 1 ? meant[0]!.id : `the ${meant.length} that are marked`;
  return { names: meant.map(({ id }) => id), instances: meant.flatMap(instancesOf), title };
}

/** For a command: services or an instance. */
export function commandNames(row: TableRow): string[] {
  return row.kind === 'group' ? row.services.map(({ name }) => name) : [row.id];
}

export function isFolded(service: ServiceStatus, folds: UiState['folds']): boolean {
  return folds[service.name] ?? service.instances.length > FOLD_ABOVE;
}

/** True when no instance runs or is about to: then `s` starts it. */
export function isInactive({ instances }: CommandTarget): boolean {
  return instances.every(isInactiveInstance);
}

export function isInactiveInstance({ state }: InstanceStatus): boolean {
  return state === 'stopped' || state === 'failed' || state === 'completed';
}

function rowsOf(service: ServiceStatus, state: UiState, filter: SearchPattern): TableRow[] {
  const whole = isMatch(filter, ...searchedTexts(service));
  const instances = whole ? service.instances : service.instances.filter(({ id, state }) => isMatch(filter, id, state));
  const only = service.instances[0];
  if (service.instances.length === 1 && only !== undefined) {
    return whole || instances.length > 0 ? [{ kind: 'single', id: service.name, service, instance: only }] : [];
  }
  if (!whole && instances.length === 0) return [];
  const folded = isFolded(service, state.folds) && whole;
  const pool: TableRow = { kind: 'pool', id: service.name, service, folded };
  const below = folded ? [] : sortedInstances(instances, state.sort);
  return [pool, ...below.map((instance): TableRow => ({ kind: 'instance', id: instance.id, service, instance }))];
}

/** A filter finds `tag:backend` as commands do. */
function searchedTexts({ name, title = '', tags = [] }: ServiceStatus): string[] {
  return [name, title, ...tags.map((tag) => `tag:${tag}`)];
}

/** Whose output is on screen: that of all services until a row is selected. */
export type OutputTarget = {
  title: string;
  /** Services or instances; empty: all. */
  names: string[];
  /** Lines of several instances can mix, so each line needs its name. */
  isMixed: boolean;
  /** Columns of the longest name that can occur. */
  nameWidth: number;
};

export function outputTarget(state: UiState): OutputTarget {
  const row = state.allOutput || state.selected === null ? null : selectedRow(state);
  if (row === null) {
    const ids = (state.status?.services ?? []).flatMap((service) => service.instances.map(({ id }) => id));
    return { title: 'all output', names: [], isMixed: true, nameWidth: longest(ids) };
  }
  if (row.kind === 'group') {
    const ids = instancesOf(row).map(({ id }) => id);
    return { title: row.id, names: commandNames(row), isMixed: true, nameWidth: longest(ids) };
  }
  if (row.kind === 'instance') return { title: row.id, names: [row.id], isMixed: false, nameWidth: row.id.length };
  const own = row.service.instances.map((instance) => instance.id);
  const { title } = row.service;
  return {
    title: title ? `${row.id} (${title})` : row.id,
    names: [row.id],
    isMixed: row.kind === 'pool',
    nameWidth: longest(own),
  };
}

function longest(names: readonly string[]): number {
  return names.reduce((most, name) => Math.max(most, name.length), 4);
}
