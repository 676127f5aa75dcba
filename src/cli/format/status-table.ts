// The services and instances of `orch ps`: the table of the view, as text. In a terminal it is laid out as there; elsewhere nothing
// is cut, and words alone show the states.
import type { ServiceStatus } from '../../api/protocol.ts';
import type { Paint } from '../../terminal/colour.ts';
import { widthOf } from '../../terminal/width.ts';
import { namedRows, type TableRow } from '../../tui/model/rows.ts';
import { cell } from '../../tui/view/line.ts';
import { type PlacedCells, rowCells } from '../../tui/view/row-cells.ts';
import { fittingColumns, GAP, GUTTER, type ServiceColumn, titlesText } from '../../tui/view/table-columns.ts';
import { type Glyphs, SPOKEN } from '../../tui/view/theme.ts';
import { colourOf } from './state-colour.ts';

export type TableFormat = {
  nowMs: number;
  /** Of the terminal; null: nothing is cut. */
  widthColumns: number | null;
  /** A column of titles, where a service has one. */
  wide: boolean;
  /** As in the view; null: words alone, for programs. */
  glyphs: Glyphs | null;
};

const WORDS: Glyphs = { ...SPOKEN, branch: ' ' };

/** More than any line has. */
const UNLIMITED_COLUMNS = 10_000;

export function statusTable(services: readonly ServiceStatus[], format: TableFormat, paint: Paint): string[] {
  const { nowMs, widthColumns, wide } = format;
  const glyphs = format.glyphs ?? WORDS;
  const rows = namedRows(services);
  const width = (widthColumns ?? UNLIMITED_COLUMNS) + GUTTER;
  const fitting = fittingColumns(rows, width, { nowMs, glyphs, isFixed: true });
  const columns = wide ? withTitles(fitting, services) : fitting;
  const head = paint('dim', titlesText(columns));
  return [head, ...rows.map((row) => lineOf(rowCells(row, { columns, width, glyphs }), paint))];
}

function withTitles(columns: readonly ServiceColumn[], services: readonly ServiceStatus[]): ServiceColumn[] {
  const [name, ...others] = columns;
  const width = services.reduce((most, { title = '' }) => Math.max(most, widthOf(title)), 0);
  if (width === 0 || name === undefined) return [...columns];
  const cellOf = (row: TableRow) => cell(row.kind === 'pool' || row.kind === 'single' ? (row.service.title ?? '') : '');
  const shared = { align: 'left', onlyWhenAlive: false, priority: 0 } as const;
  return [name, { id: 'title', title: 'TITLE', width: Math.max(width, 'TITLE'.length), cellOf, ...shared }, ...others];
}

function lineOf(placed: readonly PlacedCells[], paint: Paint): string {
  const texts = placed.map(({ cells, width, align }, index) => {
    const text = cells.map((each) => paint(colourOf(each.style), each.text)).join('');
    const blanks = width - cells.reduce((sum, each) => sum + widthOf(each.text), 0);
    if (align === 'left' && index === placed.length - 1) return text;
    return align === 'right' ? ' '.repeat(Math.max(0, blanks)) + text : text + ' '.repeat(Math.max(0, blanks));
  });
  return texts.join(' '.repeat(GAP)).trimEnd();
}
