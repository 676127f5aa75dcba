// What each column of the table says of a row: a service with one instance, a pool as a whole, one instance of it.
import type { InstanceStatus, ServiceStatus } from '../../api/protocol.ts';
import { formatAge, formatBytesShort, formatPercent } from '../format.ts';
import { type Cell, cell } from '../frame.ts';
import { type TableRow, worstState } from '../rows.ts';
import { clipMiddle, widthOf } from '../text.ts';
import { type Glyphs, STATE_STYLE } from '../theme.ts';

/** At most `width` columns where that can be: a name gives way in its middle, its number and the size of a pool stay. */
export function nameText(row: TableRow, glyphs: Glyphs, width = Infinity): string {
  const [before, name, after] = nameParts(row, glyphs);
  return `${before}${clipMiddle(name, Math.max(1, width - widthOf(before) - widthOf(after)))}${after}`;
}

function nameParts(row: TableRow, glyphs: Glyphs): [before: string, name: string, after: string] {
  if (row.kind === 'single') return ['  ', row.service.name, ''];
  if (row.kind === 'instance') {
    const { id } = row.instance;
    const end = Math.max(0, id.lastIndexOf('.'));
    return [`  ${glyphs.branch} `, id.slice(0, end), id.slice(end)];
  }
  const fold = row.service.instances.length === 0 ? ' ' : row.folded ? glyphs.folded : glyphs.unfolded;
  return [`${fold} `, row.service.name, ` ${glyphs.times}${row.service.pool}`];
}

/** Columns of `nameText`. Asked for every row in every frame: a glyph is one column, so only the name is measured. */
export function nameWidth(row: TableRow): number {
  if (row.kind === 'instance') return 4 + widthOf(row.instance.id);
  const name = 2 + widthOf(row.service.name);
  return row.kind === 'single' ? name : name + 2 + String(row.service.pool).length;
}

export function nameCell(row: TableRow, glyphs: Glyphs, width: number): Cell {
  return cell(nameText(row, glyphs, width), row.kind === 'instance' ? 'plain' : 'bold');
}

export function stateText(row: TableRow, glyphs: Glyphs): string {
  if (row.kind !== 'pool') return `${glyphs.state[row.instance.state]} ${row.instance.state}`;
  const state = worstState(row.service);
  if (row.service.instances.length === 0) return `${glyphs.state[state]} none`;
  return `${glyphs.state[state]} ${state} ${countText(row.service)}`;
}

/** Columns of `stateText`. */
export function stateWidth(row: TableRow): number {
  if (row.kind !== 'pool') return 2 + row.instance.state.length;
  if (row.service.instances.length === 0) return 2 + 'none'.length;
  return 2 + worstState(row.service).length + 1 + countText(row.service).length;
}

/** `3/4`: how many of the pool are in the state that is shown; for `ready` those that are ready. */
function countText(service: ServiceStatus): string {
  const state = worstState(service);
  const count = service.instances.filter((instance) => instance.state === state).length;
  return `${count}/${Math.max(service.pool, service.instances.length)}`;
}

export function stateCell(row: TableRow, glyphs: Glyphs): Cell {
  const state = row.kind === 'pool' ? worstState(row.service) : row.instance.state;
  return cell(stateText(row, glyphs), STATE_STYLE[state]);
}

export function pidText(row: TableRow): string {
  return row.kind === 'pool' || row.instance.pid === null ? '' : String(row.instance.pid);
}

export function pidWidth(row: TableRow): number {
  return pidText(row).length;
}

export function restartsCell(row: TableRow): Cell {
  const restarts = sum(row, (instance) => instance.restarts);
  return cell(restarts === 0 ? '' : String(restarts), restarts > 0 ? 'warn' : 'plain');
}

export function uptimeText(row: TableRow, nowMs: number): string {
  if (row.kind === 'pool' || row.instance.startedAt === null) return '';
  return formatAge(nowMs - Date.parse(row.instance.startedAt)).text;
}

export function cpuText(row: TableRow): string {
  return isAlive(row) ? formatPercent(sum(row, (instance) => instance.cpuPercent)) : '';
}

export function memoryText(row: TableRow): string {
  return isAlive(row) ? formatBytesShort(sum(row, (instance) => instance.rssBytes)) : '';
}

export function reasonCell(row: TableRow): Cell {
  const text = reasonOf(row);
  return cell(text, 'dim');
}

/** The sentence about a row: its own reason, what a command holds against the file, what it was adopted from. */
export function reasonOf(row: TableRow): string {
  const { override } = row.service;
  const held = override?.stopped ? 'held stopped' : override?.pool !== undefined ? `pool ${override.pool} for now` : '';
  if (row.kind === 'pool') {
    const worst = worstState(row.service);
    return row.service.instances.find((instance) => instance.state === worst)?.reason ?? held;
  }
  const note = row.instance.reason ?? (row.instance.adopted ? 'adopted from an earlier supervisor' : '');
  return note === '' && row.kind === 'single' ? held : note;
}

function sum(row: TableRow, of: (instance: InstanceStatus) => number): number {
  const instances = row.kind === 'pool' ? row.service.instances : [row.instance];
  return instances.reduce((total, instance) => total + of(instance), 0);
}

export function isAlive(row: TableRow): boolean {
  const instances = row.kind === 'pool' ? row.service.instances : [row.instance];
  return instances.some((instance) => instance.pid !== null);
}
