// The order of the table: that of the file, or by a column. Pure.
import type { InstanceStatus, ServiceStatus } from '../../api/protocol.ts';
import { SEVERITY } from './severity.ts';

/** In the order of the table, which is the order in which the key goes through them. */
export const SORT_COLUMNS = ['name', 'state', 'crashes', 'restarts', 'pid', 'port', 'up', 'cpu', 'memory'] as const;
export type SortColumn = (typeof SORT_COLUMNS)[number];
/** null: the order of the file. */
export type SortOrder = { column: SortColumn; isReversed: boolean } | null;

/** What a user looks for comes first: the worst state, the most restarts, the longest uptime, the highest cost. */
const HIGHEST_FIRST = new Set<SortColumn>(['crashes', 'restarts', 'up', 'cpu', 'memory']);

export function isDescending({ column, isReversed }: NonNullable<SortOrder>): boolean {
  return HIGHEST_FIRST.has(column) !== isReversed;
}

/** The next column; after the last the order of the file. */
export function nextSortOrder(order: SortOrder): SortOrder {
  const next = order === null ? 0 : SORT_COLUMNS.indexOf(order.column) + 1;
  const column = SORT_COLUMNS[next];
  return column === undefined ? null : { column, isReversed: false };
}

/** A service counts as the sum of its instances, or as the one of them that comes first. What has no value comes last. */
export function sortedServices(services: readonly ServiceStatus[], order: SortOrder): readonly ServiceStatus[] {
  if (order === null) return services;
  return sortedBy(services, order, (service) =>
    order.column === 'name' ? service.name : sortValue(service.instances, order),
  );
}

export function sortedInstances(instances: readonly InstanceStatus[], order: SortOrder): readonly InstanceStatus[] {
  // By name is by number, as they are.
  if (order === null || order.column === 'name') return order?.isReversed ? [...instances].reverse() : instances;
  return sortedBy(instances, order, (instance) => sortValue([instance], order));
}

function sortedBy<Item>(
  items: readonly Item[],
  order: NonNullable<SortOrder>,
  valueOfItem: (item: Item) => string | number | null,
): readonly Item[] {
  const direction = isDescending(order) ? -1 : 1;
  const valued = items.map((item) => ({ item, value: valueOfItem(item) }));
  valued.sort((one, other) => {
    if (one.value === other.value) return 0;
    if (one.value === null || other.value === null) return one.value === null ? 1 : -1;
    return one.value < other.value ? -direction : direction;
  });
  return valued.map(({ item }) => item);
}

function sortValue(instances: readonly InstanceStatus[], order: NonNullable<SortOrder>): number | null {
  const sum = (of: (instance: InstanceStatus) => number) => instances.reduce((total, each) => total + of(each), 0);
  const first = (of: (instance: InstanceStatus) => number | null) => {
    const values = instances.map(of).filter((value) => value !== null);
    if (values.length === 0) return null;
    return isDescending(order) ? Math.max(...values) : Math.min(...values);
  };
  switch (order.column) {
    case 'name':
      return null;
    case 'state':
      return first(({ state }) => SEVERITY.indexOf(state));
    case 'crashes':
      return sum(({ crashes = 0 }) => crashes);
    case 'restarts':
      return sum(({ restarts }) => restarts);
    case 'pid':
      return first(({ pid }) => pid);
    case 'port':
      return first(({ port = null }) => port);
    case 'up':
      return first(({ startedAt }) => (startedAt === null ? null : -Date.parse(startedAt)));
    case 'cpu':
      return sum(({ cpuPercent }) => cpuPercent);
    case 'memory':
      return sum(({ rssBytes }) => rssBytes);
  }
}
