// The end of the view, and what ends with it. Pure.
import { type Reduced, withoutEffects } from './model/messages.ts';
import type { UiState } from './model/state.ts';

/** In the view that owns the project everything is stopped first; a second request kills at once. Other views only leave. */
export function quit(state: UiState, nowMs: number): Reduced {
  if (state.shutdown !== null) {
    if (state.shutdown.immediate) return withoutEffects(state);
    return {
      state: { ...state, shutdown: { ...state.shutdown, immediate: true } },
      effects: [{ kind: 'down', timeoutMs: 0 }],
    };
  }
  if (state.lostSinceMs !== null)
    return { state, effects: [{ kind: 'leave', outcome: state.owning ? 'lostDown' : 'lost' }] };
  if (!state.owning) return { state, effects: [{ kind: 'leave', outcome: 'quit' }] };
  const shutdown = { sinceMs: nowMs, total: liveCount(state), immediate: false, progress: null };
  return { state: { ...state, overlay: null, shutdown }, effects: [{ kind: 'down', timeoutMs: null }] };
}

function liveCount(state: UiState): number {
  const instances = (state.status?.services ?? []).flatMap((service) => service.instances);
  return instances.filter((instance) => instance.pid !== null).length;
}
