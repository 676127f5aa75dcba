// The last line: a question with the text typed so far, a notice, or the keys of the current screen.
import { KEYMAP, type KeyContext, keyLabel } from '../model/keymap.ts';
import { contextOf, type ScaleOverlay, type SearchOverlay, type UiState } from '../model/state.ts';
import { cell, cellsWidth, type FrameCell, type FrameLine, line } from './frame.ts';
import type { Glyphs } from './theme.ts';

export function footerLine(state: UiState, nowMs: number, glyphs: Glyphs): FrameLine {
  const { columns } = state.size;
  if (state.overlay?.kind === 'scale') return line(scaleCells(state.overlay), columns);
  if (state.overlay?.kind === 'search') return line(searchCells(state.overlay), columns);
  if (state.notice !== null && nowMs < state.notice.untilMs) {
    const glyph = { good: glyphs.state.completed, warn: glyphs.state.backoff, bad: glyphs.state.failed }[
      state.notice.tone
    ];
    return line([cell(` ${glyph} `, state.notice.tone), cell(state.notice.text, state.notice.tone)], columns);
  }
  return line([...filterCells(state), ...keyCells(contextOf(state), columns, filterCells(state))], columns);
}

/** As many keys as fit uncut. */
function keyCells(context: KeyContext, columns: number, before: readonly FrameCell[]): FrameCell[] {
  const cells: FrameCell[] = [];
  let left = columns - cellsWidth(before);
  for (const { keys, footer } of KEYMAP.filter(
    (binding) => binding.footer !== undefined && binding.contexts.includes(context),
  )) {
    const added = [cell(' '), cell(footerKeys(keys), 'key'), cell(` ${footer} `, 'dim')];
    const width = cellsWidth(added);
    if (width > left) break;
    left -= width;
    cells.push(...added);
  }
  return cells;
}

/** One key is enough in the footer; scaling and scrolling need both of theirs. */
function footerKeys(keys: readonly string[]): string {
  if (keys[0] === '+') return '+/-';
  if (keys[0] === 'up') return '↑↓';
  return keyLabel(keys[0]!);
}

function filterCells(state: UiState): FrameCell[] {
  return state.view === 'main' && state.nameFilter !== ''
    ? [cell(` names with ${state.nameFilter} `, 'match'), cell(' ')]
    : [];
}

function scaleCells(overlay: ScaleOverlay): FrameCell[] {
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

function searchCells(overlay: SearchOverlay): FrameCell[] {
  const question = overlay.of === 'names' ? 'names or states with' : 'lines with';
  return [
    cell(` ${question} `, 'bold'),
    cell(`${overlay.text} `, 'match'),
    cell('   Enter', 'key'),
    cell(' ok ', 'dim'),
    cell(' Esc', 'key'),
    cell(' cancel', 'dim'),
  ];
}
