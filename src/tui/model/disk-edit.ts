// The edit on disk, as the view knows it. Pure.
import type { MethodResult, Status } from '../../api/protocol.ts';
import { type Answered, UNANSWERED } from './page-answer.ts';

/** `scroll`: lines above the first visible one. */
export type DiskEditPage = Answered<MethodResult<'heldEdit'>> & { scroll: number };
export const NO_EDIT: DiskEditPage = { scroll: 0, ...UNANSWERED };

/** Whether the files on disk are others than before, or are applied by now: their plan is to be asked for again. */
export function isOtherEdit(before: Status | null, { config, generation }: Status): boolean {
  if (before === null || before.generation !== generation) return true;
  const { status, held } = before.config;
  return status !== config.status || held?.since !== config.held?.since || held?.summary !== config.held?.summary;
}
