// A service as a whole: its log queues, the generation in force, and what commands have set in place of the file.
import type { LogQueueStatus, ServiceStatus, Status } from '../../api/protocol.ts';
import type { DetailRow } from '../../tui/model/details.ts';
import { formatRoundedBytes } from '../../tui/view/format.ts';

export function serviceRows(service: ServiceStatus, { generation, logQueues }: Status): DetailRow[] {
  const { logQueue, stderrQueue, override, singleton } = service;
  const queueRow = (label: string, name: string): DetailRow => {
    const queue = logQueues.find((each) => each.name === name);
    return { label, value: queue === undefined ? name : queueText(queue) };
  };
  return [
    queueRow('log queue', logQueue),
    ...(stderrQueue === undefined ? [] : [queueRow('stderr queue', stderrQueue)]),
    { label: 'generation', value: String(generation) },
    ...(singleton ? [{ label: 'singleton', value: 'at most one instance lives' }] : []),
    ...(override?.stopped ? [{ label: 'override', value: 'stopped by a command' }] : []),
    ...(override?.pool === undefined ? [] : [{ label: 'override', value: `pool ${override.pool}` }]),
  ];
}

/** `default: .orch/logs/default.log, 120 lines, 0 B of 8.0 MiB wait, 3 lines dropped` */
function queueText({ name, path, lines, depthBytes, capacityBytes, droppedLines, error }: LogQueueStatus): string {
  const waiting = `${formatRoundedBytes(depthBytes)} of ${formatRoundedBytes(capacityBytes)} wait`;
  const facts = [`${name}: ${path}`, `${lines} lines`, waiting];
  if (droppedLines > 0) facts.push(`${droppedLines} lines dropped`);
  return [...facts, ...(error === null ? [] : [error])].join(', ');
}
