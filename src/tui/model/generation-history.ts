// The history of the project's generations, newest first, and which of them is chosen. Pure.
import type { MethodResult, Status } from '../../api/protocol.ts';
import type { GenerationRecord } from '../../api/protocol-edits.ts';
import { type Answered, UNANSWERED } from './page-answer.ts';

/** `chosen`: a generation; null: the one in force. */
export type HistoryPage = Answered<MethodResult<'history'>> & { chosen: number | null };
export const NO_HISTORY: HistoryPage = { chosen: null, ...UNANSWERED };

export function newestFirst({ answer }: HistoryPage): GenerationRecord[] {
  return [...(answer?.generations ?? [])].reverse();
}

/** Index in `newestFirst`; -1 without generations. One that was dropped meanwhile: the oldest. */
export function chosenGeneration(page: HistoryPage): number {
  const records = newestFirst(page);
  const wanted = page.chosen ?? page.answer?.current ?? null;
  const at = records.findIndex(({ generation }) => generation === wanted);
  if (at !== -1 || records.length === 0) return at;
  return wanted !== null && wanted < records.at(-1)!.generation ? records.length - 1 : 0;
}

/** @param delta rows, down positive; infinite: to the end */
export function moveInHistory(page: HistoryPage, delta: number): HistoryPage {
  const records = newestFirst(page);
  const next = records[Math.max(0, Math.min(records.length - 1, chosenGeneration(page) + delta))];
  return next === undefined ? page : { ...page, chosen: next.generation };
}

export function hasOtherHistory(before: Status | null, { generation, config }: Status): boolean {
  return before?.generation !== generation || before.config.commit?.hash !== config.commit?.hash;
}
