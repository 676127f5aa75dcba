// The files on disk where they are not what runs: why they are rejected, or what they would change and what keeps them from
// being applied.
import { countEdits } from '../../api/held-edit.ts';
import type { Status } from '../../api/protocol.ts';
import type { ConfigStatus, HeldEdit } from '../../api/protocol-edits.ts';
import type { UiState } from '../model/state.ts';
import { type Cell, type CellStyle, cell, EMPTY_LINE, type Line, line } from './line.ts';
import { type ListContent, scrolledContent } from './list-content.ts';
import { planLines } from './plan-lines.ts';
import { problemLines } from './problem-lines.ts';
import type { Glyphs } from './theme.ts';
import { wrapWords } from './wrap-words.ts';

/** @param height lines of the screen, without the title */
export function diskEditContent(state: UiState, height: number, glyphs: Glyphs): ListContent {
  const place = { scroll: state.diskEdit.scroll, height, columns: state.size.columns };
  return { ...scrolledContent(titleCells(state.status), diskEditLines(state), place, glyphs), empty: '' };
}

function titleCells(status: Status | null): Cell[] {
  const styles: Record<ConfigStatus['status'], CellStyle> = { applied: 'good', held: 'warn', rejected: 'bad' };
  const now = status?.config.status;
  return [cell('the files on disk', 'bold'), ...(now === undefined ? [] : [cell(`  ${now}`, styles[now])])];
}

export function diskEditLines(state: UiState): Line[] {
  const { status, diskEdit } = state;
  const columns = state.size.columns - 2;
  if (status === null) return [];
  const { config, generation } = status;
  const errors = config.problems.filter(({ severity }) => severity === 'error');
  const warnings = config.problems.filter(({ severity }) => severity === 'warning');
  const text = (words: string, style: CellStyle = 'plain') =>
    wrapWords(words, Math.max(8, columns - 2)).map((part) => line([cell(`  ${part}`, style)], columns));
  if (config.status === 'rejected')
    return [
      ...text(`Not applied: ${countOf(errors.length, 'error')}. What runs is still generation ${generation}.`),
      EMPTY_LINE,
      ...[...errors, ...warnings].flatMap((problem) => problemLines(problem, columns)),
    ];
  const held = diskEdit.answer?.held ?? config.held;
  const plan = diskEdit.answer?.plan ?? null;
  return [
    ...(held === undefined ? text(`They are what runs: generation ${generation}.`) : heldLines(held, config, text)),
    ...(diskEdit.error === null ? [] : text(diskEdit.error, 'bad')),
    ...(held !== undefined && plan === null && diskEdit.error === null ? text('asking the supervisor …', 'dim') : []),
    ...(held !== undefined && plan !== null ? planLines(plan, columns) : []),
    ...warnings.flatMap((problem) => problemLines(problem, columns)),
  ];
}

type ToLines = (words: string, style?: CellStyle) => Line[];

function heldLines({ reasons, summary, command }: HeldEdit, { paused }: ConfigStatus, text: ToLines): Line[] {
  const waiting = paused ? [`${countEdits(paused.edits)} so far`] : [];
  return [
    ...reasons.flatMap(({ because }) => text(`held: ${because}`, 'warn')),
    ...text(`${[summary, ...waiting].join('; ')}. Enter applies it, as \`${command}\` does.`),
    EMPTY_LINE,
  ];
}

const countOf = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
