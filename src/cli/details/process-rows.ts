// The processes of instances as a table: each below its parent and further right.
import type { InspectedInstance, ProcessInTree } from '../../api/protocol-inspect.ts';
import type { DetailColumn, DetailRow, DetailSection } from '../../tui/model/details.ts';
import { formatBytesShort, formatCpuPercent } from '../../tui/view/format.ts';
import { formatAge } from '../../units.ts';

const COLUMNS: DetailColumn[] = [
  ...['PID', 'CPU', 'MEM', 'UP'].map((title) => ({ title, align: 'right' as const })),
  { title: 'COMMAND' },
];
const INDENT = '  ';

export function processSection(instances: readonly InspectedInstance[]): DetailSection {
  const isMixed = instances.length > 1;
  const rows = instances.flatMap((instance) => instanceRows(instance, isMixed));
  return { title: 'processes', columns: isMixed ? [{ title: 'INSTANCE' }, ...COLUMNS] : COLUMNS, rows };
}

function instanceRows({ id, processes, moreProcesses }: InspectedInstance, isMixed: boolean): DetailRow[] {
  const depths = new Map<number, number>();
  const rows = processes.map((process, index) => {
    const depth = process.parent === null ? 0 : (depths.get(process.parent) ?? 0) + 1;
    depths.set(process.pid, depth);
    return processRow(process, depth, isMixed ? [index === 0 ? id : ''] : []);
  });
  if (moreProcesses === 0) return rows;
  const value = `and ${moreProcesses} more`;
  return [...rows, { label: '', value, cells: [...(isMixed ? [''] : []), '', '', '', '', value] }];
}

function processRow(process: ProcessInTree, depth: number, first: string[]): DetailRow {
  const { pid, command, cpuPercent, rssBytes, ageMs } = process;
  const age = ageMs === null ? '' : formatAge(ageMs).text;
  const facts = [String(pid), formatCpuPercent(cpuPercent), formatBytesShort(rssBytes), age];
  return { label: String(pid), value: command, cells: [...first, ...facts, INDENT.repeat(depth) + command] };
}
