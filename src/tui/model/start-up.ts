// How long each instance took to start, and what that says of the whole start. Pure.
import type { EventRecord, InstanceStatus, Status } from '../../api/protocol.ts';
import { type CriticalPath, criticalPath, type FirstStart, firstStarts } from '../../api/start-times.ts';
import { type Answered, UNANSWERED } from './page-answer.ts';

/** `answer`: the events that tell of starts, oldest first. `scroll`: lines above the first visible one. */
export type StartUpPage = Answered<readonly EventRecord[]> & { scroll: number };
export const NO_START_UP: StartUpPage = { scroll: 0, ...UNANSWERED };

const TELLING = new Set(['started', 'became_ready', 'completed', 'config_applied']);
export const tellOfStarts = (events: readonly EventRecord[]): EventRecord[] =>
  events.filter(({ type }) => TELLING.has(type));

/** New events of the same supervisor. */
export function withNewStarts(page: StartUpPage, events: readonly EventRecord[]): StartUpPage {
  const { answer } = page;
  const last = answer?.at(-1)?.seq ?? 0;
  const newer = tellOfStarts(events).filter(({ seq }) => seq > last);
  return answer === null || newer.length === 0 ? page : { ...page, answer: [...answer, ...newer] };
}

export type StartUp = {
  /** null: nothing was started, or no start was seen. */
  path: CriticalPath | null;
  /** Those of the same start that are over, the slowest first. */
  starts: readonly FirstStart[];
  /** Instances that another supervisor has started. */
  adopted: readonly string[];
  /** Instances that are to run, and are not ready yet. */
  pending: readonly InstanceStatus[];
};

const PENDING = new Set<InstanceStatus['state']>(['waiting', 'starting', 'running', 'unready', 'backoff', 'failed']);

export function startUpOf(events: readonly EventRecord[], status: Status | null): StartUp {
  const path = criticalPath(events);
  const all = [...firstStarts(events).values()];
  const seen = new Set(all.map(({ instance }) => instance));
  const instances = (status?.services ?? []).flatMap((service) => service.instances);
  const pending = instances.filter(({ state }) => PENDING.has(state));
  const isOpen = ({ instance, end }: FirstStart) => end === 'started' && pending.some(({ id }) => id === instance);
  const inSameStart = (each: FirstStart) => path !== null && each.startedMs >= path.beganAtMs;
  return {
    path,
    starts: all.filter((each) => inSameStart(each) && !isOpen(each)).sort((one, other) => tookMs(other) - tookMs(one)),
    adopted: instances.filter(({ id, adopted }) => adopted && !seen.has(id)).map(({ id }) => id),
    pending,
  };
}

export const tookMs = ({ startedMs, spawnMs, endMs }: FirstStart): number => spawnMs + endMs - startedMs;
