// The lines of the panels over the view: help (made from the keymap), and why.
import type { Explanation } from '../../api/protocol.ts';
import { clipMiddle } from '../../terminal/width.ts';
import type { DetailRow, DetailSection } from '../model/details.ts';
import { keyLabel } from '../model/key-label.ts';
import type { KeyBinding } from '../model/keymap.ts';
import type { DetailsOverlay, PanelOverlay, WhyOverlay } from '../model/state.ts';
import { tableLines } from './detail-table.ts';
import { type Cell, type CellStyle, cell, cellsWidth, EMPTY_LINE, fixedCell, type Line, line } from './line.ts';
import { type Glyphs, STATE_STYLE, UNICODE } from './theme.ts';
import { wrapWords } from './wrap-words.ts';

/** All lines of a panel, without its title; the view shows those from `scroll` on. */
export function panelLines(panel: PanelOverlay, columns: number, glyphs: Glyphs = UNICODE): Line[] {
  switch (panel.kind) {
    case 'help':
      return helpLines(panel.bindings, columns);
    case 'why':
      return whyLines(panel, columns, glyphs);
    case 'details':
      return detailLines(panel, columns);
  }
}

export function panelTitle(panel: PanelOverlay): string {
  return panel.kind === 'help' ? 'keys' : panel.kind === 'why' ? `why ${panel.name}` : panel.name;
}

const KEY_COLUMN = 16;
const TWO_COLUMNS_FROM = 110;
const GROUPS = ['Move', 'Services', 'Output', 'Select', 'Leave'] as const;

type Bindings = readonly KeyBinding[];

function helpLines(bindings: Bindings, columns: number): Line[] {
  if (columns < TWO_COLUMNS_FROM) return GROUPS.flatMap((group) => groupLines(bindings, group, columns));
  const half = Math.floor(columns / 2) - 1;
  const left = (['Move', 'Services', 'Select'] as const).flatMap((group) => groupLines(bindings, group, half));
  const right = [...groupLines(bindings, 'Output', half), ...groupLines(bindings, 'Leave', half)];
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) =>
    sideBySide(left[index] ?? EMPTY_LINE, right[index] ?? EMPTY_LINE, half, columns),
  );
}

function groupLines(all: Bindings, group: (typeof GROUPS)[number], columns: number): Line[] {
  const bindings = all.filter((binding) => binding.group === group);
  return [
    line([cell(` ${group}`, 'title')], columns),
    ...bindings.flatMap((each) => bindingLines(each, columns)),
    EMPTY_LINE,
  ];
}

function bindingLines(binding: KeyBinding, columns: number): Line[] {
  const keys = binding.keys.map(keyLabel).join(' ');
  const room = Math.max(8, columns - KEY_COLUMN);
  return wrapWords(binding.help, room).map((text, index) =>
    line([fixedCell(index === 0 ? `   ${keys}` : '', KEY_COLUMN, 'key'), cell(text)], columns),
  );
}

function sideBySide(left: Line, right: Line, half: number, columns: number): Line {
  const gap: Cell = { text: ' '.repeat(Math.max(0, half + 2 - cellsWidth(left))), style: 'plain' };
  return line([...left, gap, ...right], columns);
}

function whyLines(panel: WhyOverlay, columns: number, glyphs: Glyphs): Line[] {
  if (panel.error !== null)
    return wrapWords(panel.error, columns - 2).map((text) => line([cell(`  ${text}`, 'bad')], columns));
  if (panel.explanations === null) return [line([cell('  asking the supervisor …', 'dim')], columns)];
  return panel.explanations.flatMap((each) => explanationLines(each, columns, glyphs));
}

function explanationLines(explanation: Explanation, columns: number, glyphs: Glyphs): Line[] {
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
function causeLines(cause: string, depth: number, columns: number, glyphs: Glyphs): Line[] {
  if (depth === 0) return wrapWords(cause, columns - 3).map((part) => line([cell(`   ${part}`)], columns));
  return bulletLines(glyphs.because, 'dim', cause, 1 + 2 * depth, columns);
}

function bulletLines(mark: string, style: CellStyle, text: string, indent: number, columns: number): Line[] {
  return wrapWords(text, columns - indent - 2).map((part, index) =>
    line([cell(' '.repeat(indent)), cell(index === 0 ? `${mark} ` : '  ', style), cell(part)], columns),
  );
}

const LABEL_MAX = 24;
/** Narrower terminals do not show where a value comes from. */
const PLACES_FROM_COLUMNS = 60;

function detailLines({ details, error }: DetailsOverlay, columns: number): Line[] {
  if (error !== null) return wrapWords(error, columns - 2).map((text) => line([cell(`  ${text}`, 'bad')], columns));
  if (details === null) return [line([cell('  reading …', 'dim')], columns)];
  const title = details.title === null ? [] : [line([cell(` ${details.title}`, 'bold')], columns), EMPTY_LINE];
  return [...title, ...details.sections.flatMap((section) => sectionLines(section, columns))];
}

function sectionLines(section: DetailSection, columns: number): Line[] {
  const { title, rows } = section;
  if (section.columns)
    return [line([cell(` ${title}`, 'title')], columns), ...tableLines(section, columns), EMPTY_LINE];
  const widest = rows.reduce((most, { label }) => Math.max(most, label.length), 0);
  const width = Math.min(LABEL_MAX, widest, Math.floor(columns / 3));
  return [
    line([cell(` ${title}`, 'title')], columns),
    ...rows.flatMap((row) => rowLines(row, width, columns)),
    EMPTY_LINE,
  ];
}

function rowLines({ label, value, from }: DetailRow, width: number, columns: number): Line[] {
  const place = from === undefined || columns < PLACES_FROM_COLUMNS ? [] : [cell(`  ${from}`, 'dim')];
  const room = Math.max(8, columns - width - 5);
  const parts = wrapWords(value, room);
  return parts.map((part, index) => {
    const head = fixedCell(index === 0 ? clipMiddle(label, width) : '', width, 'accent');
    return line([cell('   '), head, cell('  '), cell(part), ...(index === parts.length - 1 ? place : [])], columns);
  });
}
