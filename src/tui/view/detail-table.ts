// A section of the page of details that is a table: the last column is wrapped in what is left of the line.
import { stripSequences } from '../../terminal/sanitize.ts';
import { clipMiddle, widthOf, wrap } from '../../terminal/width.ts';
import type { DetailSection } from '../model/details.ts';
import { cell, fixedCell, type Line, line } from './line.ts';

const MARGIN = '   ';
const GAP = 2;
/** Of a name: its end tells which one it is, so its middle is cut. */
const NAME_MAX = 24;
const LAST_MIN = 12;
/** Of one row: a command line may be long. */
const MAX_LINES = 3;

export function tableLines({ columns = [], rows }: DetailSection, width: number): Line[] {
  const last = columns.length - 1;
  const names = Math.min(NAME_MAX, Math.floor(width / 3));
  const texts = rows.map(({ cells: [first = '', ...others] = [] }) => [clipMiddle(first, names), ...others]);
  const widths = columns.slice(0, last).map(({ title }, at) => widest([title, ...texts.map((each) => each[at] ?? '')]));
  const before = MARGIN.length + widths.reduce((sum, each) => sum + each + GAP, 0);
  const room = Math.max(LAST_MIN, width - before);
  const lineOf = (cells: readonly string[], rest: string, isHead = false): Line =>
    line(
      [
        cell(MARGIN),
        ...widths.flatMap((each, at) => [
          fixedCell(cells[at] ?? '', each, isHead ? 'dim' : at === 0 ? 'accent' : 'plain', columns[at]!.align),
          cell(' '.repeat(GAP)),
        ]),
        cell(rest, isHead ? 'dim' : 'plain'),
      ],
      width,
    );
  const titles = columns.map(({ title }) => title);
  return [
    lineOf(titles, titles[last] ?? '', true),
    ...texts.flatMap((cells) => {
      const [first = '', ...others] = partsOf(cells[last] ?? '', room);
      return [lineOf(cells, first), ...others.map((part) => lineOf([], part))];
    }),
  ];
}

/** The further parts are as far right as the first. */
function partsOf(unsafe: string, room: number): string[] {
  const text = stripSequences(unsafe);
  const indent = /^ */.exec(text)![0].slice(0, Math.max(0, room - LAST_MIN));
  const parts = wrap(text.trimStart(), room - indent.length, MAX_LINES);
  return parts.map((part) => indent + part);
}

const widest = (texts: readonly string[]): number => texts.reduce((most, text) => Math.max(most, widthOf(text)), 0);
