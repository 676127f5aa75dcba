// What a row of the table of services says in each column, as text. The words and units of the view and of `orch ps`.
import type { InstanceState, InstanceStatus } from '../../api/protocol.ts';
import { formatAge } from '../../units.ts';
import { instancesOf, type TableRow } from '../model/rows.ts';
import { worstState } from '../model/severity.ts';
import { formatBytesShort, formatCpuPercent } from './format.ts';

/** The state that a row shows. */
export function stateOf(row: TableRow): InstanceState {
  return worstState(instancesOf(row));
}

export function stateText(row: TableRow): string {
  if ('instance' in row) return row.instance.state;
  return instancesOf(row).length === 0 ? 'none' : `${stateOf(row)} ${shareText(row)}`;
}

/** `3/4`: how many are in the state that is shown; for `ready` those that are ready. */
function shareText(row: TableRow): string {
  const instances = instancesOf(row);
  const state = stateOf(row);
  const count = instances.filter((instance) => instance.state === state).length;
  const wanted = row.kind === 'pool' ? row.service.pool : 0;
  return `${count}/${Math.max(wanted, instances.length)}`;
}

export function pidText(row: TableRow): string {
  return !('instance' in row) || row.instance.pid === null ? '' : String(row.instance.pid);
}

export function portText(row: TableRow): string {
  return 'instance' in row ? String(row.instance.port ?? '') : '';
}

function countText(count: number): string {
  return count === 0 ? '' : String(count);
}

export const crashesText = (row: TableRow): string => countText(sumOver(row, ({ crashes = 0 }) => crashes));
export const restartsText = (row: TableRow): string => countText(sumOver(row, ({ restarts }) => restarts));

export function uptimeText(row: TableRow, nowMs: number): string {
  if (!('instance' in row) || row.instance.startedAt === null) return '';
  return formatAge(nowMs - Date.parse(row.instance.startedAt)).text;
}

export function cpuText(row: TableRow): string {
  return isAlive(row) ? formatCpuPercent(sumOver(row, (instance) => instance.cpuPercent)) : '';
}

export function memoryText(row: TableRow): string {
  return isAlive(row) ? formatBytesShort(sumOver(row, (instance) => instance.rssBytes)) : '';
}

/** The sentence about a row: its own reason, the override of a command, or its adoption. */
export function reasonOf(row: TableRow): string {
  if (row.kind === 'group') return '';
  const { override } = row.service;
  const overridden = override?.stopped
    ? 'stopped by a command'
    : override?.pool !== undefined
      ? `pool ${override.pool} (override)`
      : '';
  if (row.kind === 'pool') {
    const worst = worstState(row.service.instances);
    return row.service.instances.find((instance) => instance.state === worst)?.reason ?? overridden;
  }
  const note = row.instance.reason ?? (row.instance.adopted ? 'adopted from an earlier supervisor' : '');
  return note === '' && row.kind === 'single' ? overridden : note;
}

function sumOver(row: TableRow, of: (instance: InstanceStatus) => number): number {
  return instancesOf(row).reduce((total, instance) => total + of(instance), 0);
}

export function isAlive(row: TableRow): boolean {
  return instancesOf(row).some((instance) => instance.pid !== null);
}
