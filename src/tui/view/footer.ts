// The last line: a question with the text typed so far, a notice, or the keys of the current screen.
import { keyLabel } from '../model/key-label.ts';
import type { KeyBinding, KeyContext } from '../model/keymap.ts';
import { markedTarget } from '../model/rows.ts';
import {
  type ConfirmOverlay,
  contextOf,
  type InputOverlay,
  type ScaleOverlay,
  type SearchOverlay,
  type SignalOverlay,
  type UiState,
} from '../model/state.ts';
import { type Cell, cell, cellsWidth, fittingGroups, type Line, line } from './line.ts';
import type { Glyphs } from './theme.ts';

export function footerLine(state: UiState, nowMs: number, glyphs: Glyphs): Line {
  const { columns } = state.size;
  if (state.overlay?.kind === 'scale') return line(scaleCells(state.overlay), columns);
  if (state.overlay?.kind === 'search') return line(searchCells(state, state.overlay), columns);
  if (state.overlay?.kind === 'signal') return line(signalCells(state.overlay), columns);
  if (state.overlay?.kind === 'input') return line(inputCells(state.overlay, columns), columns);
  if (state.overlay?.kind === 'confirm') return line(confirmCells(state.overlay), columns);
  if (state.overlay?.kind === 'leave') return line(LEAVE_CELLS, columns);
  if (state.notice !== null && nowMs < state.notice.untilMs) {
    const { text, tone } = state.notice;
    const glyph = { good: glyphs.state.completed, warn: glyphs.state.backoff, bad: glyphs.state.failed }[tone];
    return line([cell(` ${glyph} `, tone), cell(text, tone)], columns);
  }
  const filter = filterCells(state);
  return line([...filter, ...keyCells(state.bindings, contextOf(state), columns - cellsWidth(filter))], columns);
}

/** As many keys as fit uncut. */
function keyCells(all: readonly KeyBinding[], context: KeyContext, columns: number): Cell[] {
  const bindings = all.filter(({ footer, contexts }) => footer !== undefined && contexts.includes(context));
  const groups = bindings.map(({ keys, footer }) => [
    cell(' '),
    cell(footerKeys(keys), 'key'),
    cell(` ${footer} `, 'dim'),
  ]);
  return fittingGroups(groups, columns, 0);
}

/** One key is enough in the footer; scaling and scrolling need both of theirs. */
function footerKeys(keys: readonly string[]): string {
  if (keys[0] === '+') return '+/-';
  if (keys[0] === 'up') return '↑↓';
  return keyLabel(keys[0]!);
}

/** The key for what the banner is about; what keys act on, where it is not what one would think. */
function filterCells(state: UiState): Cell[] {
  const { view, nameFilter } = state;
  if (view !== 'main') return [];
  const marked = markedTarget(state)?.names ?? [];
  return [
    ...diskEditCells(state),
    ...(nameFilter === '' ? [] : [cell(` names with ${nameFilter} `, 'match'), cell(' ')]),
    ...(marked.length === 0 ? [] : [cell(` ${marked.length} marked `, 'match'), cell(' ')]),
  ];
}

/** `p the edit`, while it is rejected or held. */
function diskEditCells({ status, bindings }: UiState): Cell[] {
  const key = bindings.find(({ action }) => action === 'diskEdit')?.keys[0];
  if (key === undefined || status === null || status.config.status === 'applied') return [];
  return [cell(` ${keyLabel(key)}`, 'key'), cell(' the edit ', 'dim')];
}

function scaleCells(overlay: ScaleOverlay): Cell[] {
  const where = overlay.target === 'file' ? 'edits procs.yaml' : 'override, not in procs.yaml';
  return [
    cell(` scale ${overlay.service} from ${overlay.from} to `, 'bold'),
    cell(` ${overlay.text} `, 'match'),
    cell(`  ${where}`, 'warn'),
    cell('   Enter', 'key'),
    cell(' ok ', 'dim'),
    cell(' Esc', 'key'),
    cell(' cancel ', 'dim'),
    cell(' Tab', 'key'),
    cell(overlay.target === 'file' ? ' override' : ' edit procs.yaml', 'dim'),
  ];
}

function signalCells({ title, text }: SignalOverlay): Cell[] {
  return [
    cell(` signal ${title} with `, 'bold'),
    cell(` ${text} `, 'match'),
    cell('   Enter', 'key'),
    cell(' ok ', 'dim'),
    cell(' Esc', 'key'),
    cell(' cancel', 'dim'),
  ];
}

/** Of a long line, its end: that is where it is typed. */
function inputCells({ instance, text }: InputOverlay, columns: number): Cell[] {
  const question = cell(` type into ${instance} `, 'bold');
  const keys = [cell('   Enter', 'key'), cell(' send ', 'dim'), cell(' Esc', 'key'), cell(' back', 'dim')];
  const room = Math.max(10, columns - cellsWidth([question, ...keys]) - 2);
  const shown = [...text.replaceAll('\t', ' ')].slice(-room).join('');
  return [question, cell(` ${shown} `, 'match'), ...keys];
}

function confirmCells({ question }: ConfirmOverlay): Cell[] {
  return [
    cell(` ${question} `, 'bold'),
    cell('  Enter', 'key'),
    cell(' yes ', 'dim'),
    cell(' Esc', 'key'),
    cell(' no', 'dim'),
  ];
}

const LEAVE_CELLS: Cell[] = [
  cell(' leave? ', 'bold'),
  cell('  s', 'key'),
  cell(' stop all ', 'dim'),
  cell(' d', 'key'),
  cell(' detach ', 'dim'),
  cell(' Esc', 'key'),
  cell(' stay', 'dim'),
];

function searchCells({ selection }: UiState, overlay: SearchOverlay): Cell[] {
  const question = {
    names: 'names or states with',
    lines: 'lines with',
    output: 'search for',
    time: 'go to the time',
    file: selection === null ? 'save the output to' : 'save the selected lines to',
  }[overlay.of];
  return [
    cell(` ${question} `, 'bold'),
    cell(`${overlay.text} `, 'match'),
    cell('   Enter', 'key'),
    cell(' ok ', 'dim'),
    cell(' Esc', 'key'),
    cell(' cancel', 'dim'),
  ];
}
