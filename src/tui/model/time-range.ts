// From which time on output is shown: the ranges that a key goes through. Pure.
import { outputTarget } from './rows.ts';
import type { RangeName, TimeRange, UiState } from './state.ts';

const NAMES = ['1 m', '15 m', '1 h', 'start'] as const satisfies RangeName[];
const MINUTE_MS = 60_000;
const LONG_MS: Record<Exclude<RangeName, 'start' | 'cleared'>, number> = {
  '1 m': MINUTE_MS,
  '15 m': 15 * MINUTE_MS,
  '1 h': 60 * MINUTE_MS,
};

/** null: all lines, after the last range. */
export function nextRange(state: UiState, nowMs: number): TimeRange | null {
  const at = (NAMES as readonly (string | undefined)[]).indexOf(state.range?.name);
  const name = NAMES[at + 1];
  if (name === undefined) return null;
  return { name, sinceMs: name === 'start' ? startOf(state, nowMs) : nowMs - LONG_MS[name] };
}

/** When the first instance of the output on screen was started that still runs; of all output: the supervisor. */
function startOf(state: UiState, nowMs: number): number {
  const { names } = outputTarget(state);
  const instances = (state.status?.services ?? []).flatMap((service) =>
    service.instances.filter(({ id }) => names.includes(id) || names.includes(service.name)),
  );
  const started = instances.flatMap(({ startedAt }) => (startedAt === null ? [] : [Date.parse(startedAt)]));
  if (started.length > 0) return Math.min(...started);
  return state.status === null ? nowMs : Date.parse(state.status.supervisor.startedAt);
}
