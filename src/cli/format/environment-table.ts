// The table of `orch envs`. Pure.
import type { Problem } from '../../core/load-result.ts';
import type { ConfigDifference, ServiceDifference } from '../../plan/compare-configs.ts';
import type { Paint } from '../../terminal/colour.ts';
import { renderTable, type TextCell, type TextColumn } from '../../terminal/table.ts';

/** As in `orch envs --json`. */
export type EnvironmentRow = {
  /** Null: procs.yaml alone. */
  name: string | null;
  file: string;
  runs: boolean;
  /** By `--env` or ORCH_ENV. */
  selected: boolean;
  status: 'valid' | 'rejected';
  /** The name of the project; null where the configuration is rejected, as are the numbers. */
  project: string | null;
  services: number | null;
  instances: number | null;
  /** Against procs.yaml alone; null for that one, and where one of the two is rejected. */
  changes: ConfigDifference | null;
  /** Errors of a rejected configuration, warnings of a valid one. */
  problems: Problem[];
};

const COLUMNS: TextColumn[] = [
  { title: 'ENVIRONMENT' },
  { title: 'STATE' },
  { title: 'SERVICES', align: 'right' },
  { title: 'INSTANCES', align: 'right' },
  { title: 'CHANGES' },
];

/** @param widthColumns of the terminal; null: never cut */
export function environmentTable(rows: EnvironmentRow[], paint: Paint, widthColumns: number | null): string[] {
  const isBaseRejected = rows[0]?.status === 'rejected';
  const cells = rows.map((row): TextCell[] => [
    { text: row.name ?? '(none)', colour: row.runs ? 'bold' : null },
    stateCell(row),
    { text: String(row.services ?? '') },
    { text: String(row.instances ?? '') },
    { text: changesText(row, isBaseRejected), colour: row.changes ? null : 'dim' },
  ]);
  return renderTable(COLUMNS, cells, paint, widthColumns);
}

function stateCell({ status, runs, problems }: EnvironmentRow): TextCell {
  if (status === 'rejected') return { text: runs ? 'runs, rejected' : 'rejected', colour: 'red' };
  const warnings = problems.length === 0 ? '' : `, ${problems.length} warning${problems.length === 1 ? '' : 's'}`;
  return { text: `${runs ? 'runs' : 'valid'}${warnings}`, colour: runs ? 'green' : null };
}

function changesText({ name, status, changes }: EnvironmentRow, isBaseRejected: boolean): string {
  if (name === null) return '';
  if (changes) return summarizeDifference(changes);
  return status === 'valid' && isBaseRejected ? 'completes procs.yaml, which is not valid alone' : '';
}

/** Of each kind; more are counted. */
const MAX_NAMED = 3;

/** One line, such as `+worker, -mailcatcher, api (pool 2 → 8, env.CACHE)`. */
export function summarizeDifference({ name, services }: ConfigDifference): string {
  const of = (change: ServiceDifference['change']) => services.filter((one) => one.change === change);
  const named = name ? [`name ${name.from} → ${name.to}`] : [];
  const changed = of('changed');
  const parts = [
    ...named,
    ...signed('+', of('added')),
    ...signed('-', of('removed')),
    ...(changed.length > MAX_NAMED ? [`${changed.length} changed: ${namesOf(changed)}`] : changed.map(changedText)),
  ];
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

const signed = (sign: string, services: ServiceDifference[]): string[] =>
  services.length > MAX_NAMED ? [`${sign}${services.length} services`] : services.map((one) => sign + one.service);

const namesOf = (services: ServiceDifference[]): string =>
  `${services
    .slice(0, MAX_NAMED)
    .map(({ service }) => service)
    .join(' ')} …`;

function changedText({ service, keys }: ServiceDifference): string {
  const shown = keys
    .slice(0, MAX_NAMED)
    .map(({ key, from, to }) => (key === 'pool' ? `pool ${from} → ${to}` : key))
    .join(', ');
  return `${service} (${shown}${keys.length > MAX_NAMED ? ', …' : ''})`;
}
