// The generations as lines: when each was applied, by what, from which commit, and what it did.
import type { GenerationRecord } from '../../api/protocol-edits.ts';
import { formatClock } from '../../units.ts';
import { chosenGeneration, newestFirst } from '../model/generation-history.ts';
import { firstVisible } from '../model/layout.ts';
import type { UiState } from '../model/state.ts';
import { type Cell, type CellStyle, cell, fixedCell, type Line, line } from './line.ts';
import { type ListContent, listTitle } from './list-content.ts';
import type { Glyphs } from './theme.ts';

const COMMIT_DIGITS = 10;
/** Below, a column is left out where the plan has no room for this many columns. */
const PLAN_MIN = 24;

/** @param height lines of the screen, without the title */
export function historyContent(state: UiState, height: number, glyphs: Glyphs): ListContent {
  const { history, size } = state;
  const all = historyLines(state, glyphs);
  const chosen = chosenGeneration(history);
  const start = firstVisible(all.length, height, chosen);
  const rows = all.slice(start, start + height).map((cells, index) => ({ cells, isChosen: start + index === chosen }));
  const title = [cell('generations', 'bold'), ...rollbackCells(state)];
  return {
    title: listTitle(title, { start, height, count: all.length }, size.columns, glyphs),
    rows,
    empty: emptyText(state),
  };
}

function rollbackCells({ status }: UiState): Cell[] {
  const rollback = status?.config.rollback;
  return rollback === undefined ? [] : [cell(`  rolled back to ${rollback.to} until the files change`, 'warn')];
}

function emptyText({ history: { answer, error } }: UiState): string {
  if (error !== null) return error;
  if (answer === null) return 'asking the supervisor …';
  return answer.generations.length === 0 ? 'no generation is known' : '';
}

/** Newest first. */
export function historyLines({ history, size }: UiState, glyphs: Glyphs): Line[] {
  const records = newestFirst(history);
  const columns = size.columns - 2;
  const shown = fittingParts(records, columns);
  return records.map((record) => {
    const isCurrent = record.generation === history.answer?.current;
    const mark = isCurrent ? `${glyphs.state.ready} ` : '  ';
    const number = cell(String(record.generation).padStart(widthOfNumber(records)), isCurrent ? 'bold' : 'plain');
    return line(
      [cell(mark, 'good'), number, ...shown.flatMap((part) => partCells(part, record)), cell(`  ${record.summary}`)],
      columns,
    );
  });
}

type RecordPart = { width: number; style: CellStyle; textOf(record: GenerationRecord): string };

/** The least important last. */
function fittingParts(records: readonly GenerationRecord[], columns: number): RecordPart[] {
  const part = (style: CellStyle, textOf: RecordPart['textOf']): RecordPart => ({
    ...{ style, textOf },
    width: records.reduce((most, record) => Math.max(most, textOf(record).length), 0),
  });
  const parts = [
    part('dim', ({ at }) => formatClock(Date.parse(at), { date: true })),
    part('accent', ({ by, to }) => (to === undefined ? by : `${by} to ${to}`)),
    part('dim', ({ commit }) => commit?.slice(0, COMMIT_DIGITS) ?? ''),
    part('dim', ({ env }) => env ?? ''),
  ].filter(({ width }) => width > 0);
  let left = columns - widthOfNumber(records) - 2 - PLAN_MIN;
  return parts.filter(({ width }) => {
    left -= width + 2;
    return left >= 0;
  });
}

const widthOfNumber = (records: readonly GenerationRecord[]): number => String(records[0]?.generation ?? 0).length;

function partCells({ width, style, textOf }: RecordPart, record: GenerationRecord): Cell[] {
  return [cell('  '), fixedCell(textOf(record), width, style)];
}
