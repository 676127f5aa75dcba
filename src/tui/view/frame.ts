// The parts of a frame: regions of lines of cells, each exactly as wide as it is drawn. Names of styles, no colours.
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
  /** Names of instances in mixed output. */
  | 'hue0'
  | 'hue1'
  | 'hue2'
  | 'hue3'
  | 'hue4'
  | 'hue5';

/** `text` of a child's output may contain SGR sequences, but no other control characters. */
export type FrameCell = { text: string; style: CellStyle };
export type FrameLine = { cells: readonly FrameCell[]; selected: boolean };
export type FrameRegionName = 'header' | 'banner' | 'table' | 'pane' | 'events' | 'overlay' | 'footer';
export type FrameRegion = { name: FrameRegionName; lines: readonly FrameLine[] };
export type Frame = {
  columns: number;
  regions: readonly FrameRegion[];
  /** When the same state will look different (an uptime, a notice that ends); null: never. */
  nextChangeMs: number | null;
};

export const EMPTY_LINE: FrameLine = { cells: [], selected: false };

/** No line of a screen is longer; a reason of a megabyte must not be cleaned whole in every frame. */
const MAX_CELL_CHARS = 2000;

/** A cell of a foreign text: sanitized, at its natural width. */
export function cell(text: string, style: CellStyle = 'plain'): FrameCell {
  return { text: stripSequences(text.slice(0, MAX_CELL_CHARS)), style };
}

/** A cell of exactly `width` columns. */
export function fixedCell(
  text: string,
  width: number,
  style: CellStyle = 'plain',
  align: 'left' | 'right' = 'left',
): FrameCell {
  return { text: fittedText(stripSequences(text.slice(0, MAX_CELL_CHARS)), width, align), style };
}

/** A line of at most `columns`; the rest is cut. */
export function line(cells: readonly FrameCell[], columns: number, selected = false): FrameLine {
  const fitted: FrameCell[] = [];
  let left = columns;
  for (const each of cells) {
    if (left <= 0) break;
    const text = clip(each.text, left);
    left -= widthOf(text);
    fitted.push(text === each.text ? each : { ...each, text });
  }
  if (selected && left > 0) fitted.push({ text: ' '.repeat(left), style: 'plain' });
  return { cells: fitted, selected };
}

/** `left … right` on one line; the right side is dropped when both do not fit. */
export function spaceBetween(left: readonly FrameCell[], right: readonly FrameCell[], columns: number): FrameLine {
  const used = cellsWidth(left);
  const gap = columns - used - cellsWidth(right);
  if (gap < 2) return line(left, columns);
  return line([...left, { text: ' '.repeat(gap), style: 'plain' }, ...right], columns);
}

/** `── title ─────── mark ──`: a separating line, filled between its ends. The mark is dropped when both do not fit. */
export function ruleLine(
  title: readonly FrameCell[],
  mark: readonly FrameCell[],
  columns: number,
  rule: string,
): FrameLine {
  const head: FrameCell[] = [{ text: `${rule}${rule} `, style: 'dim' }, ...title, { text: ' ', style: 'dim' }];
  const tail: FrameCell[] =
    mark.length === 0 ? [] : [{ text: ' ', style: 'dim' }, ...mark, { text: ` ${rule}${rule}`, style: 'dim' }];
  const room = columns - cellsWidth(head);
  const gap = room - cellsWidth(tail);
  if (gap < 1) return line([...head, { text: rule.repeat(Math.max(0, room)), style: 'dim' }], columns);
  return line([...head, { text: rule.repeat(gap), style: 'dim' }, ...tail], columns);
}

export function cellsWidth(cells: readonly FrameCell[]): number {
  return cells.reduce((sum, each) => sum + widthOf(each.text), 0);
}

/** The first groups of cells that fit uncut into `columns`; at least `atLeast` of them. */
export function fittingGroups(groups: readonly FrameCell[][], columns: number, atLeast: number): FrameCell[] {
  const kept: FrameCell[] = [];
  let left = columns;
  for (const [index, group] of groups.entries()) {
    left -= cellsWidth(group);
    if (left < 0 && index >= atLeast) break;
    kept.push(...group);
  }
  return kept;
}

/** Exactly `height` lines: empty ones are added below. */
export function padLines(lines: readonly FrameLine[], height: number): FrameLine[] {
  const result = lines.slice(0, Math.max(0, height));
  while (result.length < height) result.push(EMPTY_LINE);
  return result;
}

/**
 * The new frame with the unchanged lines and regions of the old one as the same objects, so that React skips them. Without
 * any change, `regions` is that of the old frame.
 */
export function reuseLines(previous: Frame | null, next: Frame): Frame {
  if (previous === null) return next;
  const regions = next.regions.map((region, index) => reuseRegion(previous.regions[index], region));
  const isSame =
    previous.columns === next.columns &&
    previous.regions.length === regions.length &&
    regions.every((region, index) => region === previous.regions[index]);
  if (isSame) return { ...previous, nextChangeMs: next.nextChangeMs };
  return { ...next, regions };
}

function reuseRegion(previous: FrameRegion | undefined, next: FrameRegion): FrameRegion {
  if (previous === undefined || previous.name !== next.name) return next;
  const lines = next.lines.map((each, index) => {
    const old = previous.lines[index];
    return old !== undefined && isSameLine(old, each) ? old : each;
  });
  const isSame = lines.length === previous.lines.length && lines.every((each, index) => each === previous.lines[index]);
  return isSame ? previous : { ...next, lines };
}

function isSameLine(one: FrameLine, other: FrameLine): boolean {
  return (
    one.selected === other.selected &&
    one.cells.length === other.cells.length &&
    one.cells.every((each, index) => each.text === other.cells[index]!.text && each.style === other.cells[index]!.style)
  );
}
