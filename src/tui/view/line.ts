// Lines of cells, each exactly as wide as it is drawn: what fits is decided here, before Ink lays it out. Names of styles, no colours.
import { stripSequences } from '../../terminal/sanitize.ts';
import { clip, fitWidth as fittedText, widthOf } from '../../terminal/width.ts';

export type CellStyle =
  | 'plain'
  | 'dim'
  | 'bold'
  | 'title'
  | 'good'
  | 'busy'
  | 'warn'
  | 'bad'
  | 'accent'
  | 'key'
  | 'match'
  | 'alert'
  /** Of lines that are selected. */
  | 'selected'
  /** Lines of output by their level. */
  | 'levelError'
  | 'levelWarn'
  /** Names of instances in mixed output. */
  | 'hue0'
  | 'hue1'
  | 'hue2'
  | 'hue3'
  | 'hue4'
  | 'hue5';

/** `text` of a child's output may contain SGR sequences, but no other control characters. */
export type Cell = { text: string; style: CellStyle };
/** The cells of one line, side by side. */
export type Line = readonly Cell[];

export const EMPTY_LINE: Line = [];

/** No line of a screen is longer; a reason of a megabyte must not be cleaned whole in every frame. */
const MAX_CELL_CHARS = 2000;

/** A cell of a foreign text: sanitized, at its natural width. */
export function cell(text: string, style: CellStyle = 'plain'): Cell {
  return { text: stripSequences(text.slice(0, MAX_CELL_CHARS)), style };
}

/** A cell of exactly `width` columns. */
export function fixedCell(
  text: string,
  width: number,
  style: CellStyle = 'plain',
  align: 'left' | 'right' = 'left',
): Cell {
  return { text: fittedText(stripSequences(text.slice(0, MAX_CELL_CHARS)), width, align), style };
}

/** A line of at most `columns`; the rest is cut. */
export function line(cells: readonly Cell[], columns: number): Line {
  const fitted: Cell[] = [];
  let left = columns;
  for (const each of cells) {
    if (left <= 0) break;
    const text = clip(each.text, left);
    left -= widthOf(text);
    fitted.push(text === each.text ? each : { ...each, text });
  }
  return fitted;
}

/** `left … right` on one line; the right side is dropped when both do not fit. */
export function spaceBetween(left: readonly Cell[], right: readonly Cell[], columns: number): Line {
  const used = cellsWidth(left);
  const gap = columns - used - cellsWidth(right);
  if (gap < 2) return line(left, columns);
  return line([...left, { text: ' '.repeat(gap), style: 'plain' }, ...right], columns);
}

/** `── title ─────── mark ──`: a separating line, filled between its ends. The mark is dropped when both do not fit. */
export function ruleLine(title: readonly Cell[], mark: readonly Cell[], columns: number, rule: string): Line {
  const head: Cell[] = [{ text: `${rule}${rule} `, style: 'dim' }, ...title, { text: ' ', style: 'dim' }];
  const tail: Cell[] =
    mark.length === 0 ? [] : [{ text: ' ', style: 'dim' }, ...mark, { text: ` ${rule}${rule}`, style: 'dim' }];
  const room = columns - cellsWidth(head);
  const gap = room - cellsWidth(tail);
  if (gap < 1) return line([...head, { text: rule.repeat(Math.max(0, room)), style: 'dim' }], columns);
  return line([...head, { text: rule.repeat(gap), style: 'dim' }, ...tail], columns);
}

export function cellsWidth(cells: readonly Cell[]): number {
  return cells.reduce((sum, each) => sum + widthOf(each.text), 0);
}

/** The first groups of cells that fit uncut into `columns`; at least `atLeast` of them. */
export function fittingGroups(groups: readonly Cell[][], columns: number, atLeast: number): Cell[] {
  const kept: Cell[] = [];
  let left = columns;
  for (const [index, group] of groups.entries()) {
    left -= cellsWidth(group);
    if (left < 0 && index >= atLeast) break;
    kept.push(...group);
  }
  return kept;
}
