// `orch ps`: one status request, printed as a table or as the contract's object. On the fast path of a cold start: it
// must not load anything but the client and the formats.

import type { InstanceStatus, LogQueueStatus, ServiceStatus, Status } from '../../api/protocol.ts';
import { formatDroppedByInstance } from '../../api/status-queries.ts';
import { type Paint, painter, printable } from '../../terminal/colour.ts';
import { renderTable, type TextCell, type TextColumn } from '../../terminal/table.ts';
import { formatDuration, formatPercent, formatSize, formatSpan } from '../../units.ts';
import { type CliContext, type ExitCode, tableWidth } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { withSupervisor } from '../context/running-project.ts';
import { stateColour } from '../format/state-colour.ts';

export function runPs(context: CliContext, options: { wide?: boolean }): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const status = await client.request('status', {});
    const text = context.json
      ? JSON.stringify(status)
      : formatStatus(status, {
          nowMs: Date.now(),
          wide: options.wide ?? false,
          widthColumns: options.wide ? null : tableWidth(context),
          colour: context.colour,
        });
    context.stdout.write(`${text}\n`);
    return 0;
  });
}

export type StatusFormat = { nowMs: number; wide: boolean; widthColumns: number | null; colour: boolean };

export function formatStatus(status: Status, format: StatusFormat): string {
  const paint = painter(format.colour);
  const lines = rejectedConfig(status, paint);
  if (status.services.length === 0) lines.push('No services are declared.');
  else lines.push(...serviceTable(status, format, paint));
  if (format.wide)
    lines.push('', ...queueTable(status.logQueues, format, paint), '', supervisorSummary(status, format));
  return lines.join('\n');
}

function rejectedConfig({ config }: Status, paint: Paint): string[] {
  if (config.status !== 'rejected') return [];
  const lines = config.problems.map(({ file, line, column, message }) => {
    const position = [file, line, column].filter((part) => part !== null).join(':');
    return printable(`  ${position}: ${message}`);
  });
  const title = 'The file on disk is rejected; what runs is the last good configuration:';
  return [paint('red', title), ...lines, ''];
}

const SERVICE_COLUMNS: TextColumn[] = [
  { title: 'NAME' },
  { title: 'STATE' },
  { title: 'PID', align: 'right' },
  { title: 'UPTIME', align: 'right' },
  { title: 'RESTARTS', align: 'right' },
  { title: 'CPU', align: 'right' },
  { title: 'MEM', align: 'right' },
  { title: 'REASON' },
];

function serviceTable(status: Status, format: StatusFormat, paint: Paint): string[] {
  const rows = status.services.flatMap((service) => serviceRows(service, format.nowMs));
  return renderTable(SERVICE_COLUMNS, rows, paint, format.widthColumns);
}

/** A pool has a line of its own with its instances below; a single instance stands alone. */
function serviceRows(service: ServiceStatus, nowMs: number): TextCell[][] {
  const { instances, override } = service;
  const isPool = service.pool !== 1 || instances.length !== 1;
  if (!isPool) return instances.map((instance) => instanceRow(instance, '', nowMs));
  return [poolRow(service, override), ...instances.map((instance) => instanceRow(instance, '  ', nowMs))];
}

function poolRow(service: ServiceStatus, override: ServiceStatus['override']): TextCell[] {
  const { instances, pool, ready } = service;
  const sum = (value: (instance: InstanceStatus) => number) => instances.reduce((total, one) => total + value(one), 0);
  const isLive = service.running > 0;
  return [
    { text: service.name, colour: 'bold' },
    { text: `${ready}/${pool} ready`, colour: ready === pool ? 'green' : 'yellow' },
    { text: '' },
    { text: '' },
    { text: instances.length > 0 ? String(sum((one) => one.restarts)) : '' },
    { text: isLive ? formatPercent(sum((one) => one.cpuPercent)) : '' },
    { text: isLive ? formatSize(sum((one) => one.rssBytes)) : '' },
    {
      text: override?.pool === undefined ? '' : `scaled to ${override.pool} by \`orch scale --ephemeral\``,
      colour: 'dim',
    },
  ];
}

function instanceRow(instance: InstanceStatus, indent: string, nowMs: number): TextCell[] {
  const isLive = instance.pid !== null;
  const uptime = instance.startedAt === null ? '' : formatDuration(nowMs - Date.parse(instance.startedAt));
  return [
    { text: indent + instance.id },
    { text: instance.state, colour: stateColour(instance.state) },
    { text: isLive ? String(instance.pid) : '' },
    { text: uptime },
    { text: String(instance.restarts) },
    { text: isLive ? formatPercent(instance.cpuPercent) : '' },
    { text: isLive ? formatSize(instance.rssBytes) : '' },
    { text: [instance.adopted ? 'adopted' : '', instance.reason ?? ''].filter(Boolean).join('; '), colour: 'dim' },
  ];
}

const QUEUE_COLUMNS: TextColumn[] = [
  { title: 'LOG QUEUE' },
  { title: 'PATH' },
  { title: 'DEPTH', align: 'right' },
  { title: 'HIGH', align: 'right' },
  { title: 'CAPACITY', align: 'right' },
  { title: 'LINES', align: 'right' },
  { title: 'BYTES', align: 'right' },
  { title: 'LAG', align: 'right' },
  { title: 'DROPPED', align: 'right' },
  { title: 'LOST BY' },
  { title: 'OVERFLOW' },
  { title: 'ERROR' },
];

function queueTable(queues: LogQueueStatus[], format: StatusFormat, paint: Paint): string[] {
  const rows = queues.map((queue): TextCell[] => [
    { text: queue.name },
    { text: queue.path },
    { text: formatSize(queue.depthBytes) },
    { text: formatSize(queue.highWaterBytes) },
    { text: formatSize(queue.capacityBytes) },
    { text: String(queue.lines) },
    { text: formatSize(queue.bytes) },
    { text: queue.lagMs ? formatSpan(queue.lagMs) : '' },
    { text: String(queue.droppedLines), colour: queue.droppedLines > 0 ? 'red' : null },
    { text: formatDroppedByInstance(queue) },
    { text: queue.overflow },
    { text: queue.error ?? '', colour: 'red' },
  ]);
  return renderTable(QUEUE_COLUMNS, rows, paint, format.widthColumns);
}

function supervisorSummary(status: Status, { nowMs }: StatusFormat): string {
  const { supervisor } = status;
  const parts = [
    `${status.project}${status.env === null ? '' : ` (${status.env})`}`,
    `generation ${status.generation}`,
    status.converged ? 'converged' : 'converging',
    `supervisor pid ${supervisor.pid}, up ${formatDuration(nowMs - Date.parse(supervisor.startedAt))}`,
    `${formatPercent(supervisor.cpuPercent)} CPU, ${formatSize(supervisor.rssBytes)}`,
  ];
  return parts.join(' · ');
}

// The table of `orch ps`, apart from the others: the fast path in main.ts needs this one and no more.

export const psDefinition: CommandDefinition = {
  name: 'ps',
  group: 'Look',
  summary: 'show what runs',
  details: '',
  arguments: [],
  options: [{ flags: '-w, --wide', description: 'also show log queues and the supervisor; never cut a line' }],
  examples: [
    ['orch ps', 'services with their instances'],
    ['orch ps --json | jq .converged', 'for scripts'],
  ],
  run: runPs,
};
