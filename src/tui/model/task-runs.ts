// The last run of each instance, as events tell it. Pure.
import type { EventRecord, ExitStatus } from '../../api/protocol.ts';
import { type Answered, UNANSWERED } from './page-answer.ts';

/** `endedMs`: null: it runs, or its end was not seen. */
export type TaskRun = { startedMs: number; endedMs: number | null; exit: ExitStatus | null };
/** `seq`: of the newest event that was taken. `last`: by instance. */
type TaskRuns = { seq: number; last: ReadonlyMap<string, TaskRun> };
/** `chosen`: a service or an instance; null: the first. */
export type TasksPage = Answered<TaskRuns> & { chosen: string | null };
export const NO_TASKS: TasksPage = { chosen: null, ...UNANSWERED };
export const NO_RUNS: TaskRuns = { seq: 0, last: new Map() };

const TELLING = new Set(['started', 'exited']);
export const tellOfRuns = (events: readonly EventRecord[]): EventRecord[] =>
  events.filter(({ type }) => TELLING.has(type));

/** @param events oldest first; those that were taken before are left out */
export function withRuns(runs: TaskRuns, events: readonly EventRecord[]): TaskRuns {
  const newer = tellOfRuns(events).filter(({ seq }) => seq > runs.seq);
  if (newer.length === 0) return runs;
  const last = new Map(runs.last);
  for (const { type, instance, time, details } of newer) {
    if (instance === null) continue;
    const atMs = Date.parse(time);
    const open = last.get(instance);
    if (type === 'started') last.set(instance, { startedMs: atMs, endedMs: null, exit: null });
    else if (open?.endedMs === null) last.set(instance, { ...open, endedMs: atMs, exit: exitIn(details) });
  }
  return { seq: newer.at(-1)!.seq, last };
}

const exitIn = ({ exit }: EventRecord['details']): ExitStatus | null => (exit as ExitStatus | undefined) ?? null;
