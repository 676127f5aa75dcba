// The output of the selected row: its title, its lines as far as they fit, and the same as plain text to copy.
import { stripSgr } from '../../terminal/sanitize.ts';
import { clip, clipMiddle, widthOf, wrap } from '../../terminal/width.ts';
import { formatClock } from '../../units.ts';
import type { BufferedLine } from '../model/buffered-line.ts';
import { paneColumns } from '../model/layout.ts';
import { type Level, levelOf } from '../model/level.ts';
import type { LogView } from '../model/log-ring.ts';
import { isUserMark } from '../model/output-marks.ts';
import { progressTexts } from '../model/read-progress.ts';
import { type OutputTarget, outputTarget } from '../model/rows.ts';
import { isMatch, type SearchPattern, searchPattern } from '../model/search-pattern.ts';
import { type OutputSelection, selectedLines, spanOf } from '../model/selected-lines.ts';
import type { UiState } from '../model/state.ts';
import { jsonCells } from './json-cells.ts';
import { type Cell, type CellStyle, cell, cellsWidth, type Line, line, ruleLine } from './line.ts';
import { countOf } from './selected-text.ts';
import { ASCII, type Glyphs, hueOf } from './theme.ts';

export type PaneOptions = { height: number; colour: boolean; glyphs: Glyphs; nowMs: number };

/** Narrower terminals show no times. */
const TIMES_FROM_COLUMNS = 60;
/** A program names the time a little before its line is read. */
const SAME_TIME_MS = 1000;
/** A name in the title keeps this width; the marks at the right are dropped first. */
const MIN_NAME_WIDTH = 12;
/** Screen lines that a wrapped line takes at most. */
const MAX_WRAPPED = 20;

/** @param visibleRange the rows of the table that are shown, when its head has no room for it; else empty. */
export function paneTitle(state: UiState, log: LogView, glyphs: Glyphs, visibleRange = ''): Line {
  const columns = paneColumns(state);
  const target = outputTarget(state);
  const following = state.logBottom === null;
  const isAll = target.names.length === 0;
  const muted = isAll && state.muted.length > 0 ? [cell(` without ${state.muted.join(', ')}`, 'warn')] : [];
  const what = [cell(isAll ? '' : ' output', 'dim'), ...muted, ...searchCells(state)];
  const mark =
    state.selection !== null
      ? cell(selectingText(state, state.selection, log), 'accent')
      : following
        ? cell(`${glyphs.follow} following`, 'dim')
        : cell(pausedText(state, log, glyphs), 'warn');
  const count = cell(`rows ${visibleRange}`, 'dim');
  const both = [count, cell(` ${glyphs.rule.repeat(2)} `, 'dim'), mark];
  // The ends of the rule take 9 columns with their blanks.
  const room = (marks: Cell[]) => columns - 9 - cellsWidth([...what, ...marks]);
  const usual = visibleRange === '' ? [[mark]] : following ? [both, [count]] : [both, [mark], [count]];
  const progress = progressTexts(log.progress).map((text) => [cell(text, 'busy')]);
  const choices = progress.length > 0 ? progress : usual;
  const least = Math.min(MIN_NAME_WIDTH, widthOf(target.title));
  const marks = choices.find((each) => room(each) >= least) ?? [];
  const name = clipMiddle(target.title, Math.max(least, room(marks)));
  return ruleLine([cell(name, 'bold'), ...what], marks, columns, glyphs.rule);
}

/** `, errors only, lines with a, search for b` */
function searchCells({ lineFilter, levels, range, search }: UiState): Cell[] {
  const without = lineFilter.startsWith('!');
  const filter = [
    cell(`, lines with${without ? 'out' : ''} `, 'dim'),
    cell(without ? lineFilter.slice(1) : lineFilter, 'match'),
  ];
  const shown = { warnings: ', warnings and errors', errors: ', errors only' };
  return [
    ...(range === null ? [] : [cell(`, since ${formatClock(range.sinceMs)} (${range.name})`, 'warn')]),
    ...(levels === null ? [] : [cell(shown[levels], 'warn')]),
    ...(lineFilter === '' ? [] : filter),
    ...(search === '' ? [] : [cell(', search for ', 'dim'), cell(search, 'match')]),
  ];
}

/** How many lines are below; their number is not known where some are only in the log: then which time is shown. */
function pausedText({ logBottom }: UiState, log: LogView, { pause, dot }: Glyphs): string {
  const { newer } = log.around(logBottom);
  const unseen = newer === 0 ? '' : ` ${dot} ${newer} new ${newer === 1 ? 'line' : 'lines'}`;
  const [shown] = log.isGapKnown || log.untilGap(logBottom) === null ? [] : log.window(logBottom, 1, null);
  const where = shown === undefined ? unseen : ` ${dot} at ${formatClock(shown.timeMs, { date: true })}`;
  return `${pause} paused${where} ${dot} End to follow`;
}

function selectingText({ lineFilter }: UiState, selection: OutputSelection, log: LogView): string {
  return `${countOf(selectedLines(selection, log, searchPattern(lineFilter)).lines.length)} selected`;
}

/**
 * At most `height` lines; the newest at the bottom, or from the top while there are few. Room left below a wrapped first
 * page shows the start of the next line.
 */
export function paneLines(state: UiState, log: LogView, options: PaneOptions): Line[] {
  if (options.height <= 0) return [];
  const rows = paneRows(state, log, options);
  return rows.length === 0 ? [emptyLine(state, log)] : rows.map((row) => row.line);
}

/** The line of the log in that row of the pane, from 0; null: the row is empty. */
export function lineAt(
  state: UiState,
  log: LogView,
  { height, nowMs }: Pick<PaneOptions, 'height' | 'nowMs'>,
  row: number,
): BufferedLine | null {
  return paneRows(state, log, { height, nowMs, colour: false, glyphs: ASCII })[row]?.entry ?? null;
}

function paneRows(state: UiState, log: LogView, options: PaneOptions): { entry: BufferedLine; line: Line }[] {
  const { height } = options;
  const drawing = drawingOf(state, log, options);
  const rowsOf = (entry: BufferedLine) => drawLine(entry, drawing).map((line) => ({ entry, line }));
  const kept = log.window(state.logBottom, height, drawing.pattern);
  const last = kept.at(-1);
  if (last === undefined) return [];
  const drawn = kept.flatMap(rowsOf).slice(-height);
  const below = log.after(last.seq, height - drawn.length, drawing.pattern);
  return [...drawn, ...below.flatMap(rowsOf)].slice(0, height);
}

/** Returns how many screen lines a line of the log takes in a pane of that height. */
export function screenRowsOf(
  state: UiState,
  log: LogView,
  { height, nowMs }: Pick<PaneOptions, 'height' | 'nowMs'>,
): (entry: BufferedLine) => number {
  const drawing = drawingOf(state, log, { height, nowMs, colour: false, glyphs: ASCII });
  return (entry) => drawLine(entry, drawing).length;
}

type PaneDrawing = {
  state: UiState;
  target: OutputTarget;
  pattern: SearchPattern;
  search: SearchPattern;
  /** Lines from `first` to `last` are selected; null: the user selects nothing. */
  span: ReturnType<typeof spanOf> | null;
  options: PaneOptions;
  /** Above this line there are older ones in the log; null: there are none. */
  oldestSeq: number | null;
  /** Lines before this time are shown with their date. */
  todayMs: number;
};

function drawingOf(state: UiState, log: LogView, options: PaneOptions): PaneDrawing {
  const pattern = searchPattern(state.lineFilter);
  const oldestSeq = log.mayHaveOlder ? (log.after(null, 1, pattern)[0]?.seq ?? null) : null;
  const search = searchPattern(state.search);
  const todayMs = new Date(options.nowMs).setHours(0, 0, 0, 0);
  const span = state.selection && spanOf(state.selection);
  return { state, target: outputTarget(state), pattern, search, span, options, oldestSeq, todayMs };
}

const isInSpan = ({ seq }: BufferedLine, { span }: PaneDrawing): boolean =>
  span !== null && seq >= span.first && seq <= span.last;

function drawLine(entry: BufferedLine, drawing: PaneDrawing): Line[] {
  const { state, pattern, search, options, oldestSeq } = drawing;
  if (isUserMark(entry)) return [markLine(entry, drawing)];
  const columns = paneColumns(state);
  const { colour, height } = options;
  const prefix = prefixCells(entry, drawing);
  const room = Math.max(1, columns - cellsWidth(prefix));
  const plain = stripSgr(entry.line);
  const isSelected = isInSpan(entry, drawing);
  const shown = [search, pattern].find((each) => each !== null && !each.isInverse && isMatch(each, plain)) ?? null;
  const text = colour && shown === null && !isSelected ? entry.line : plain;
  // Its own colours stay.
  const style = isSelected ? 'selected' : entry.line === plain ? levelStyle(plain) : 'plain';
  const older = entry.seq === oldestSeq && height > 1 ? [olderLine(state)] : [];
  // No longer than the page, so that a page can start with the start of a line.
  const most = Math.min(MAX_WRAPPED, height - older.length);
  const showTime = (timeMs: number) => ownTime(timeMs, entry, drawing);
  const json =
    state.jsonLines === 'raw' || entry.unfinished
      ? null
      : jsonCells(plain, { form: state.jsonLines, showTime, style, room, wraps: state.wrapLines, most });
  const pieces = state.wrapLines ? wrap(text, room, most) : [clip(text, room)];
  const rows: Cell[][] = json ?? pieces.map((piece) => [{ text: piece, style }]);
  const indent = [{ text: ' '.repeat(Math.max(0, columns - room)), style: 'plain' as const }];
  const lines = rows.map((row, index) => {
    const cells = row.flatMap(({ text: part, style: own }) =>
      highlightMatches(part, shown?.expression ?? null, isSelected ? 'selected' : own),
    );
    return line([...(index === 0 ? prefix : indent), ...cells], columns);
  });
  return [...older, ...lines];
}

/** The time that a JSON line names, where it says more than the time at its left. */
function ownTime(timeMs: number, entry: BufferedLine, { state, todayMs }: PaneDrawing): string | null {
  const isSame = Math.abs(timeMs - entry.timeMs) < SAME_TIME_MS;
  return hasTimes(state) && isSame ? null : formatClock(timeMs, { date: timeMs < todayMs, ms: true });
}

function markLine(entry: BufferedLine, drawing: PaneDrawing): Line {
  const { state, options, todayMs } = drawing;
  const time = formatClock(entry.timeMs, { date: entry.timeMs < todayMs });
  return ruleLine(
    [cell(time, isInSpan(entry, drawing) ? 'selected' : 'accent')],
    [],
    paneColumns(state),
    options.glyphs.rule,
  );
}

function olderLine(state: UiState): Line {
  return line([cell('  older lines: scroll up, they are read from the log', 'dim')], paneColumns(state));
}

function prefixCells(entry: BufferedLine, drawing: PaneDrawing): Cell[] {
  const { state, target, todayMs } = drawing;
  const columns = paneColumns(state);
  const date = entry.timeMs > 0 && entry.timeMs < todayMs;
  const clock = formatClock(entry.timeMs, { date });
  const time = hasTimes(state) ? [cell(`${clock} `, 'dim')] : [];
  const name = target.isMixed
    ? [cell(entry.instance.padEnd(Math.min(14, target.nameWidth)), hueOf(entry.instance)), cell(' ')]
    : [];
  const bar = columns < 30 && drawing.span === null ? [] : [barCell(entry, drawing)];
  const source = entry.source ? [cell(`${entry.source} `, 'dim')] : [];
  return [...time, ...name, ...source, ...bar];
}

const hasTimes = (state: UiState): boolean => state.showTimes && paneColumns(state) >= TIMES_FROM_COLUMNS;

/** Without colours it alone shows which lines are selected. */
function barCell(entry: BufferedLine, drawing: PaneDrawing): Cell {
  const { selection, searchHit } = drawing.state;
  const { glyphs } = drawing.options;
  if (entry.seq === (selection === null ? searchHit : selection.cursor)) return cell(`${glyphs.cursor} `, 'accent');
  if (isInSpan(entry, drawing)) return cell(`${glyphs.marked} `, 'accent');
  const isError = entry.stream === 'e';
  return cell(`${isError ? glyphs.errorBar : glyphs.bar} `, isError ? 'bad' : 'dim');
}

const LEVEL_STYLES: Record<Level, CellStyle> = { error: 'levelError', warn: 'levelWarn', info: 'plain', debug: 'dim' };

function levelStyle(text: string): CellStyle {
  const level = levelOf(text);
  return level === null ? 'plain' : LEVEL_STYLES[level];
}

/** The text with its matches shown inverse. */
function highlightMatches(text: string, pattern: RegExp | null, style: CellStyle): Cell[] {
  const found = pattern?.exec(text) ?? null;
  if (found === null || found[0] === '') return [{ text, style }];
  const end = found.index + found[0].length;
  return [
    { text: text.slice(0, found.index), style },
    { text: found[0], style: 'match' },
    ...highlightMatches(text.slice(end), pattern, style),
  ];
}

function emptyLine(state: UiState, log: LogView): Line {
  const filter = { warnings: 'warnings or errors', errors: 'errors' };
  const unfiltered =
    state.levels === null
      ? `no output ${state.range === null ? 'yet' : 'in that time'}`
      : `no ${filter[state.levels]} yet`;
  const none = state.lineFilter === '' ? unfiltered : `no line matches ${state.lineFilter}`;
  const text = log.isReading ? 'reading the log …' : none;
  return line([cell(`  ${text}`, 'dim')], paneColumns(state));
}
