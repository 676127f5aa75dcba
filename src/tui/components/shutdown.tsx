// The progress of `down`: how many instances are left, and which ones it waits for.
import { formatAge } from '../../units.ts';
import { bodyHeight } from '../model/layout.ts';
import type { ShutdownView, UiState } from '../model/state.ts';
import { cell } from '../view/line.ts';
import { TextLine } from './text-line.tsx';

type ShutdownProps = { state: UiState; shutdown: ShutdownView; nowMs: number };

export function Shutdown({ state, shutdown, nowMs }: ShutdownProps) {
  const { columns } = state.size;
  const { total, immediate, progress } = shutdown;
  const what = immediate ? 'Stopping everything at once' : 'Stopping everything, dependents first';
  const remaining = progress?.remaining ?? total;
  const bar = progressBar(total, remaining, Math.min(40, columns - 24));
  const holdingUp = progress?.holdingUp ?? [];
  const lines = [
    [],
    [cell(`  ${what}`, 'title'), cell(`   ${formatAge(nowMs - shutdown.sinceMs).text}`, 'dim')],
    [cell(`  ${bar}  ${remaining} left`, 'accent')],
    [],
    ...(holdingUp.length === 0 ? [] : [[cell('  waiting for', 'dim')]]),
    ...holdingUp.map((name) => [cell(`    ${name}`, 'warn')]),
    ...(holdingUp.length === 0 ? [] : [[]]),
    ...(immediate ? [[cell('  sending SIGKILL to the remaining processes', 'dim')]] : []),
  ];
  return lines.slice(0, bodyHeight(state)).map((cells, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place on the screen, nothing else
    <TextLine key={index} cells={cells} columns={columns} />
  ));
}

function progressBar(total: number, remaining: number, width: number): string {
  if (width < 4) return '';
  const done = total <= 0 ? width : Math.round((1 - Math.min(1, remaining / total)) * width);
  return '█'.repeat(done) + '░'.repeat(width - done);
}
