// The last attempts of the probes of instances as a table, oldest first.
import type { InspectedInstance, ProbeAttempt } from '../../api/protocol-inspect.ts';
import type { DetailColumn, DetailRow, DetailSection } from '../../tui/model/details.ts';
import { formatClock, formatSpan } from '../../units.ts';

const COLUMNS: DetailColumn[] = [
  { title: 'PROBE' },
  { title: 'TIME' },
  { title: 'TOOK', align: 'right' },
  { title: 'RESULT' },
];
/** Of each probe, where several instances are shown. */
const MAX_OF_SEVERAL = 3;

export function probeSection(instances: readonly InspectedInstance[]): DetailSection {
  const isMixed = instances.length > 1;
  const rows = instances.flatMap(({ id, probes = [] }) =>
    probes.flatMap(({ probe, attempts }, at) => {
      const shown = isMixed ? attempts.slice(-MAX_OF_SEVERAL) : attempts;
      return shown.map((attempt, index) => {
        const instance = isMixed ? [at === 0 && index === 0 ? id : ''] : [];
        return attemptRow(attempt, [...instance, index === 0 ? probe : '']);
      });
    }),
  );
  return { title: 'probes', columns: isMixed ? [{ title: 'INSTANCE' }, ...COLUMNS] : COLUMNS, rows };
}

function attemptRow({ time, durationMs, failure }: ProbeAttempt, first: string[]): DetailRow {
  const clock = formatClock(Date.parse(time));
  const result = failure ?? 'passed';
  return { label: clock, value: result, cells: [...first, clock, formatSpan(durationMs), result] };
}
