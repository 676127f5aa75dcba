// The panels over the view: help (made from the keymap), why, and the progress of a shutdown.
import type { Explanation } from '../../api/protocol.ts';
import { stripSequences } from '../../terminal/sanitize.ts';
import { wrap } from '../../terminal/width.ts';
import { formatAge } from '../../units.ts';
import { KEYMAP, type KeyBinding, keyLabel } from '../model/keymap.ts';
import type { PanelOverlay, ShutdownView, WhyOverlay } from '../model/state.ts';
import {
  type CellStyle,
  cell,
  cellsWidth,
  EMPTY_LINE,
  type FrameCell,
  type FrameLine,
  fixedCell,
  line,
} from './frame.ts';
import { type Glyphs, STATE_STYLE, UNICODE } from './theme.ts';

/** All lines of a panel, without its title; the view shows those from `scroll` on. */
export function panelLines(panel: PanelOverlay, columns: number, glyphs: Glyphs = UNICODE): FrameLine[] {
  return panel.kind === 'help' ? helpLines(columns) : whyLines(panel, columns, glyphs);
}

export function panelTitle(panel: PanelOverlay): string {
  return panel.kind === 'help' ? 'keys' : `why ${panel.name}`;
}

const KEY_COLUMN = 16;
const TWO_COLUMNS_FROM = 110;
const GROUPS = ['Move', 'Services', 'Output', 'Leave'] as const;

function helpLines(columns: number): FrameLine[] {
  if (columns < TWO_COLUMNS_FROM) return GROUPS.flatMap((group) => groupLines(group, columns));
  const half = Math.floor(columns / 2) - 1;
  const left = [...groupLines('Move', half), ...groupLines('Services', half)];
  const right = [...groupLines('Output', half), ...groupLines('Leave', half)];
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) =>
    sideBySide(left[index] ?? EMPTY_LINE, right[index] ?? EMPTY_LINE, half, columns),
  );
}

function groupLines(group: (typeof GROUPS)[number], columns: number): FrameLine[] {
  const bindings = KEYMAP.filter((binding) => binding.group === group);
  return [
    line([cell(` ${group}`, 'title')], columns),
    ...bindings.flatMap((each) => bindingLines(each, columns)),
    EMPTY_LINE,
  ];
}

function bindingLines(binding: KeyBinding, columns: number): FrameLine[] {
  const keys = binding.keys.map(keyLabel).join(' ');
  const room = Math.max(8, columns - KEY_COLUMN);
  return wrapWords(binding.help, room).map((text, index) =>
    line([fixedCell(index === 0 ? `   ${keys}` : '', KEY_COLUMN, 'key'), cell(text)], columns),
  );
}

function sideBySide(left: FrameLine, right: FrameLine, half: number, columns: number): FrameLine {
  const gap: FrameCell = { text: ' '.repeat(Math.max(0, half + 2 - cellsWidth(left.cells))), style: 'plain' };
  return line([...left.cells, gap, ...right.cells], columns);
}

function whyLines(panel: WhyOverlay, columns: number, glyphs: Glyphs): FrameLine[] {
  if (panel.error !== null)
    return wrapWords(panel.error, columns - 2).map((text) => line([cell(`  ${text}`, 'bad')], columns));
  if (panel.explanations === null) return [line([cell('  asking the supervisor …', 'dim')], columns)];
  return panel.explanations.flatMap((each) => explanationLines(each, columns, glyphs));
}

function explanationLines(explanation: Explanation, columns: number, glyphs: Glyphs): FrameLine[] {
  const { id, state, causes, unblock, notes = [] } = explanation;
  const style = STATE_STYLE[state] ?? 'plain';
  return [
    line([cell(` ${id} `, 'bold'), cell(`${glyphs.state[state] ?? ''} ${state}`, style)], columns),
    ...causes.flatMap((cause, depth) => causeLines(cause, depth, columns, glyphs)),
    ...(unblock === null ? [] : bulletLines(glyphs.remedy, 'good', unblock, 3, columns)),
    ...notes.flatMap((note) => causeLines(note, 0, columns, glyphs)),
    EMPTY_LINE,
  ];
}

/** The direct cause first; each further one is indented more. */
function causeLines(cause: string, depth: number, columns: number, glyphs: Glyphs): FrameLine[] {
  if (depth === 0) return wrapWords(cause, columns - 3).map((part) => line([cell(`   ${part}`)], columns));
  return bulletLines(glyphs.because, 'dim', cause, 1 + 2 * depth, columns);
}

function bulletLines(mark: string, style: CellStyle, text: string, indent: number, columns: number): FrameLine[] {
  return wrapWords(text, columns - indent - 2).map((part, index) =>
    line([cell(' '.repeat(indent)), cell(index === 0 ? `${mark} ` : '  ', style), cell(part)], columns),
  );
}

/** The progress of `down`: how many instances are left, and which ones it waits for. */
export function shutdownLines(shutdown: ShutdownView, context: { columns: number; nowMs: number }): FrameLine[] {
  const { columns, nowMs } = context;
  const { total } = shutdown;
  const remaining = shutdown.progress?.remaining ?? total;
  const age = formatAge(nowMs - shutdown.sinceMs).text;
  const what = shutdown.immediate ? 'Stopping everything at once' : 'Stopping everything, dependents first';
  const holding = shutdown.progress?.holdingUp ?? [];
  return [
    EMPTY_LINE,
    line([cell(`  ${what}`, 'title'), cell(`   ${age}`, 'dim')], columns),
    line(
      [cell(`  ${progressBar(total, remaining, Math.min(40, columns - 24))}  ${remaining} left`, 'accent')],
      columns,
    ),
    EMPTY_LINE,
    ...(holding.length === 0 ? [] : [line([cell('  waiting for', 'dim')], columns)]),
    ...holding.map((name) => line([cell(`    ${name}`, 'warn')], columns)),
    ...(holding.length === 0 ? [] : [EMPTY_LINE]),
    ...(shutdown.immediate ? [line([cell('  sending SIGKILL to the remaining processes', 'dim')], columns)] : []),
  ];
}

function progressBar(total: number, remaining: number, width: number): string {
  if (width < 4) return '';
  const done = total <= 0 ? width : Math.round((1 - Math.min(1, remaining / total)) * width);
  return '█'.repeat(done) + '░'.repeat(width - done);
}

/** Breaks at blanks if possible; a word that is too long is cut. */
function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of stripSequences(text)
    .split(' ')
    .flatMap((each) => wrap(each, Math.max(1, width), 50))) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else {
      current = current === '' ? word : `${current} ${word}`;
    }
  }
  return [...lines, current];
}
