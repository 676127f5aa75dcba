// `orch ps`: one status request, printed as a table or as JSON. It is on the fast path of a cold start: it must not import
// more than the client and the formats. Names are read by context/selected-status.ts.

import { holdLines } from '../../api/held-edit.ts';
import type { LogQueueStatus, ServiceStatus, Status } from '../../api/protocol.ts';
import { convergenceOf, formatDroppedByInstance } from '../../api/status-queries.ts';
import { personalOverlayIn } from '../../core/environment-name.ts';
import { followText, followTrouble } from '../../core/follow-status.ts';
import { type Paint, painter } from '../../terminal/colour.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import { renderTable, type TextCell, type TextColumn } from '../../terminal/table.ts';
import { formatCpuPercent, formatRoundedBytes } from '../../tui/view/format.ts';
import { type Glyphs, glyphsFor } from '../../tui/view/theme.ts';
import { formatDuration, formatSize, formatSpan } from '../../units.ts';
import { type CliContext, type ExitCode, tableWidth } from '../context/context.ts';
import { type CommandDefinition, exceptOption, optionalNames } from '../context/definition.ts';
import { formatPosition } from '../context/errors.ts';
import { withSupervisor } from '../context/running-project.ts';
import type { SelectionOptions } from '../context/selection.ts';
import { statusTable } from '../format/status-table.ts';

export type PsOptions = SelectionOptions & { wide?: boolean; group?: 'tag' };

export const psCommand: CommandDefinition<PsOptions> = {
  name: 'ps',
  group: 'Look',
  summary: 'list services and instances',
  details: '',
  arguments: optionalNames,
  options: [
    { flags: '-w, --wide', description: 'also show titles, log queues and the supervisor; never cut a line' },
    exceptOption,
    {
      flags: '--group <by>',
      description: 'tag: a table for each tag',
      value: { kind: 'choice', choices: ['tag'] },
    },
  ],
  examples: [
    ['orch ps', 'services with their instances'],
    ['orch ps tag:backend', 'those with that tag'],
    ['orch ps --group tag', 'by tag; a service with two tags is in both tables'],
    ['orch ps --json | jq .converged', 'for scripts'],
  ],
  run: (context, options, words) => showStatus(context, options, words, null),
};

/** Reads names and exceptions; a line without them needs no code for that. */
export type ChoosePart = (status: Status, words: string[], options: PsOptions) => Promise<Status>;

export async function showStatus(
  context: CliContext,
  options: PsOptions,
  words: string[],
  choosePart: ChoosePart | null,
): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const whole = await client.request('status', {});
    const status = choosePart ? await choosePart(whole, words, options) : whole;
    const text = context.json
      ? JSON.stringify(status)
      : formatStatus(status, {
          nowMs: Date.now(),
          wide: options.wide ?? false,
          group: options.group ?? null,
          widthColumns: options.wide ? null : tableWidth(context),
          colour: context.colour,
          glyphs: context.stdout.isTTY ? glyphsFor(context.environment) : null,
        });
    context.stdout.write(`${text}\n`);
    return 0;
  });
}

export type StatusFormat = {
  nowMs: number;
  wide: boolean;
  /** Missing or null: one table. */
  group?: 'tag' | null;
  widthColumns: number | null;
  colour: boolean;
  /** Null: words alone, for programs. */
  glyphs: Glyphs | null;
};

export function formatStatus(status: Status, format: StatusFormat): string {
  const paint = painter(format.colour);
  const lines = [...rejectedConfig(status, paint), ...heldEdits(status, paint)];
  if (status.services.length === 0) lines.push('No services are declared.');
  else {
    const table = format.group === 'tag' ? tablesByTag : statusTable;
    lines.push(...table(status.services, format, paint), ...serviceNotes(status, paint));
    lines.push(...degradedLines(status, format, paint));
  }
  const { commit, files, follow } = status.config;
  const personal = personalOverlayIn(files, status.env);
  const source = [commit && `commit ${commit.text}`, personal && `with ${personal} (--no-local leaves it out)`];
  const shown = source.filter(Boolean).join(', ');
  // Trouble is above the table.
  const followed = follow && followTrouble(follow) === null ? followText(follow) : '';
  const below = [shown, followed].filter(Boolean);
  if (below.length > 0) lines.push('', ...below.map((text) => paint('dim', escapeControls(text))));
  if (format.wide)
    lines.push('', ...queueTable(status.logQueues, format, paint), '', supervisorSummary(status, format));
  return lines.join('\n');
}

function rejectedConfig({ config }: Status, paint: Paint): string[] {
  if (config.status !== 'rejected') return [];
  const lines = config.problems.map((problem) => escapeControls(`  ${formatPosition(problem)}${problem.message}`));
  const title = 'The file on disk is rejected; the last good configuration stays active:';
  return [paint('red', title), ...lines, ''];
}

function heldEdits({ config }: Status, paint: Paint): string[] {
  const lines = holdLines(config).map((text) => paint('yellow', escapeControls(`${text}.`)));
  return lines.length === 0 ? [] : [...lines, ''];
}

/** Below the table, with the whole sentence: a column of the table may be cut. */
function degradedLines({ degraded = [] }: Status, { wide }: StatusFormat, paint: Paint): string[] {
  const shown = degraded.slice(0, wide ? undefined : MAX_DEGRADED_SHOWN);
  const rest = degraded.length - shown.length;
  const lines = shown.map(({ instance, reason }) => `degraded: ${instance}: ${reason}`);
  if (rest > 0) lines.push(`degraded: ${rest} more; \`orch ps --wide\` lists them`);
  return lines.length === 0 ? [] : ['', ...lines.map((line) => paint('red', escapeControls(line)))];
}

const MAX_DEGRADED_SHOWN = 3;

/** One table for each tag, then one of the services without any. */
function tablesByTag(services: ServiceStatus[], format: StatusFormat, paint: Paint): string[] {
  const tags = [...new Set(services.flatMap((service) => service.tags ?? []))].sort();
  const groups = tags.map((tag) => ({ title: `tag:${tag}`, of: services.filter((one) => one.tags?.includes(tag)) }));
  const others = { title: 'no tag', of: services.filter((one) => !one.tags?.length) };
  return [...groups, ...(others.of.length > 0 ? [others] : [])].flatMap(({ title, of }, index) => [
    ...(index > 0 ? [''] : []),
    paint('bold', title),
    ...statusTable(of, format, paint),
  ]);
}

function serviceNotes({ services }: Status, paint: Paint): string[] {
  const notes = services.flatMap(({ name, notes = [] }) => notes.map((note) => `${name}: ${note}`));
  return notes.length === 0 ? [] : ['', ...notes.map((note) => paint('yellow', escapeControls(note)))];
}

type QueueColumn = TextColumn & { cell(queue: LogQueueStatus): string; isRed?(queue: LogQueueStatus): boolean };

const right = (title: string, cell: QueueColumn['cell']): QueueColumn => ({ title, align: 'right', cell });
const QUEUE_COLUMNS: QueueColumn[] = [
  { title: 'LOG QUEUE', cell: ({ name }) => name },
  { title: 'PATH', cell: ({ path }) => path },
  right('DEPTH', ({ depthBytes }) => formatSize(depthBytes)),
  right('HIGH', ({ highWaterBytes }) => formatSize(highWaterBytes)),
  right('CAPACITY', ({ capacityBytes }) => formatSize(capacityBytes)),
  right('LINES', ({ lines }) => String(lines)),
  right('BYTES', ({ bytes }) => formatSize(bytes)),
  right('LAG', ({ lagMs }) => (lagMs ? formatSpan(lagMs) : '')),
  { ...right('DROPPED', ({ droppedLines }) => String(droppedLines)), isRed: ({ droppedLines }) => droppedLines > 0 },
  { title: 'LOST BY', cell: formatDroppedByInstance },
  { title: 'OVERFLOW', cell: ({ overflow }) => overflow },
  { title: 'ERROR', cell: ({ error }) => error ?? '', isRed: () => true },
];

function queueTable(queues: LogQueueStatus[], format: StatusFormat, paint: Paint): string[] {
  const rows = queues.map((queue) =>
    QUEUE_COLUMNS.map(({ cell, isRed }): TextCell => ({ text: cell(queue), colour: isRed?.(queue) ? 'red' : null })),
  );
  return renderTable(QUEUE_COLUMNS, rows, paint, format.widthColumns);
}

function supervisorSummary(status: Status, { nowMs }: StatusFormat): string {
  const { supervisor } = status;
  const parts = [
    `${status.project}${status.env === null ? '' : ` (${status.env})`}`,
    `generation ${status.generation}`,
    convergenceOf(status),
    `supervisor pid ${supervisor.pid}, up ${formatDuration(nowMs - Date.parse(supervisor.startedAt))}`,
    `${formatCpuPercent(supervisor.cpuPercent)} CPU, ${formatRoundedBytes(supervisor.rssBytes)}`,
  ];
  return parts.join(' · ');
}
