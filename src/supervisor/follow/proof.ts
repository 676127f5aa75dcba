// Whether the commit in force converges: waits for it, and knows the verdict.
import { performance } from 'node:perf_hooks';
import type { CommitVerdict, FollowState } from '../../core/follow.ts';
import { formatSpan } from '../../units.ts';
import { judgeWait } from '../api/wait-condition.ts';
import { until } from '../api/wait-until.ts';
import type { FollowHost } from './follow-host.ts';

const PENDING: CommitVerdict = { kind: 'pending' };

export class Proof {
  readonly #host: FollowHost;
  readonly #onVerdict: () => void;
  #current: { commit: string; ending: AbortController; startMs: number } | null = null;
  #verdict: CommitVerdict = PENDING;

  constructor(host: FollowHost, onVerdict: () => void) {
    this.#host = host;
    this.#onVerdict = onVerdict;
  }

  get verdict(): CommitVerdict {
    return this.#verdict;
  }

  /** So far. */
  get tookMs(): number {
    return this.#current ? Math.round(performance.now() - this.#current.startMs) : 0;
  }

  /** Waits for the commit that is to be proven; a supervisor that takes over starts its time over. */
  follow(state: FollowState): void {
    const commit = state.phase.kind === 'proving' ? state.phase.commit : null;
    if (commit === (this.#current?.commit ?? null)) return;
    this.cancel();
    if (commit === null) return;
    this.#current = { commit, ending: new AbortController(), startMs: performance.now() };
    void this.#wait(state, this.#current.ending.signal);
  }

  cancel(): void {
    this.#current?.ending.abort();
    this.#current = null;
    this.#verdict = PENDING;
  }

  async #wait({ ref, excused }: FollowState, signal: AbortSignal): Promise<void> {
    const decided = await until(this.#host, () => this.#judge(excused).kind !== 'pending', signal, ref.timeoutMs);
    if (signal.aborted) return;
    const last = this.#judge(excused);
    if (last.kind === 'met') this.#verdict = last;
    else {
      const late = `not converged within ${formatSpan(ref.timeoutMs)}: `;
      this.#verdict = { kind: 'failed', because: `${decided ? '' : late}${withoutMoment(last.because)}` };
    }
    this.#onVerdict();
  }

  #judge(excused: readonly string[]) {
    const { kernel, clock } = this.#host;
    const wanted = [...kernel.desired.instances].filter(([, { run }]) => run).map(([id]) => id as string);
    const proving = wanted.filter((id) => !excused.includes(id));
    if (proving.length === wanted.length) return judgeWait(kernel, 'converged', [], clock.nowMs());
    return proving.length === 0 ? ({ kind: 'met' } as const) : judgeWait(kernel, 'converged', proving, clock.nowMs());
  }
}

/** It is read long after. */
const withoutMoment = (because: string): string => because.replace(/; next start in [^;]*$|\.$/, '');
