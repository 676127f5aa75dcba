// A JSON line of output as rows of cells: what it is made of has styles, and long rows are cut or wrapped with them.
import { type JsonForm, type JsonPart, type JsonRow, jsonRows } from '../../logs/reader/json-line.ts';
import { clip, wrap } from '../../terminal/width.ts';
import type { Cell, CellStyle } from './line.ts';

type JsonDrawing = {
  form: JsonForm;
  showTime(timeMs: number): string | null;
  /** Of level and message. */
  style: CellStyle;
  room: number;
  wraps: boolean;
  /** Rows at most; `…` stands for the others. */
  most: number;
};

/** @param plain without colours. @returns null: not a JSON object */
export function jsonCells(plain: string, drawing: JsonDrawing): Cell[][] | null {
  const { form, showTime, style, room, wraps, most } = drawing;
  const rows = jsonRows(plain, form, showTime);
  if (rows === null) return null;
  const cells = rows.flatMap((row) => {
    const parts = cellsOf(row, style);
    return wraps ? wrapCells(parts, room, most) : [parts.map((each) => ({ ...each, text: clip(each.text, room) }))];
  });
  return cells.length <= most ? cells : [...cells.slice(0, most - 1), [{ text: '    …', style: 'dim' }]];
}

function cellsOf(row: JsonRow, style: CellStyle): Cell[] {
  const styles: Record<JsonPart['part'], CellStyle> = { time: 'dim', level: style, message: style, rest: 'dim' };
  return row.map(({ part, text }, index) => ({
    text: index === row.length - 1 ? text : `${text} `,
    style: styles[part],
  }));
}

/** @param cells without colours in their texts */
function wrapCells(cells: readonly Cell[], room: number, most: number): Cell[][] {
  const pieces = wrap(cells.map(({ text }) => text).join(''), room, most);
  let begin = 0;
  return pieces.map((piece) => {
    const from = begin;
    begin += piece.length;
    return partsBetween(cells, from, begin).map(({ start, end, style }) => {
      return { text: piece.slice(start - from, end - from), style };
    });
  });
}

/** The parts of the cells that stand between two places of their joined text. */
function partsBetween(cells: readonly Cell[], from: number, to: number) {
  let at = 0;
  return cells.flatMap(({ text, style }) => {
    const start = Math.max(from, at);
    at += text.length;
    const end = Math.min(to, at);
    return end > start ? [{ start, end, style }] : [];
  });
}
