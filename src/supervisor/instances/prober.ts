// Keeps the probes of every live instance going: level-triggered, it compares what is probed with what should be after
// each step of the kernel. What it finds goes to the kernel as events; it decides nothing about instances.
import type { InstanceEvent, InstanceId, Phase, Probe, ServiceSpec, Slot } from '../../core/model.ts';
import type { ProbeRecord } from '../../core/readiness.ts';
import type { LaunchContext } from './environment.ts';
import { type CheckSubject, prepareCheck } from './probe-checks.ts';
import { ProbeLoop } from './probe-loop.ts';
import type { ReadinessSignals } from './readiness-signals.ts';

export type ProberOptions = {
  nowMs(): number;
  launchContext(): LaunchContext;
  /** For the commands that probes run. */
  newNonce(): string;
  receive(id: InstanceId, nonce: string | null, event: InstanceEvent): void;
  signals: ReadinessSignals;
};

type ProbeablePhase = Extract<Phase, { kind: 'alive' }>;
type ProbeableSlot = Slot & { phase: ProbeablePhase };
type ProbeRole = 'startup' | 'readiness' | 'liveness';
type Probed = {
  nonce: string;
  spec: ServiceSpec;
  isStarted: boolean;
  loops: Map<ProbeRole, { probe: Probe; loop: ProbeLoop }>;
};

export class Prober {
  #options: ProberOptions;
  #probed = new Map<InstanceId, Probed>();
  #isStopped = false;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** Call after each step. Cheap where nothing is probed. */
  sync(slots: ReadonlyMap<InstanceId, Slot>, specOf: (slot: Slot) => ServiceSpec | null): void {
    if (this.#isStopped) return;
    for (const [id, probed] of this.#probed) {
      const slot = slots.get(id);
      if (!slot || !isProbeable(slot) || slot.phase.process.nonce !== probed.nonce) this.#drop(id, probed);
    }
    for (const slot of slots.values()) {
      if (!isProbeable(slot)) continue;
      const spec = specOf(slot);
      if (spec) this.#syncOne(slot, spec);
    }
  }

  /** Something that a check waits for may have come. */
  nudge(id: InstanceId): void {
    for (const { loop } of this.#probed.get(id)?.loops.values() ?? []) loop.nudge();
  }

  stop(): void {
    this.#isStopped = true;
    for (const [id, probed] of this.#probed) this.#drop(id, probed);
  }

  #drop(id: InstanceId, { loops }: Probed): void {
    this.#probed.delete(id);
    for (const { loop } of loops.values()) loop.stop();
  }

  #syncOne(slot: ProbeableSlot, spec: ServiceSpec): void {
    const old = this.#probed.get(slot.id);
    if (old?.spec === spec) return;
    if (spec.readiness === null && spec.startup === null && slot.phase.readiness !== 'none')
      this.#options.receive(slot.id, slot.phase.process.nonce, {
        kind: 'readinessChanged',
        readiness: 'none',
        because: null,
      });
    if (spec.startup === null && spec.readiness === null && spec.liveness === null) {
      if (old) this.#drop(slot.id, old);
      return;
    }
    const probed = old ?? {
      nonce: slot.phase.process.nonce,
      spec,
      isStarted: hasStarted(slot.phase),
      loops: new Map(),
    };
    probed.spec = spec;
    this.#probed.set(slot.id, probed);
    void this.#options.signals.resume(slot.id, probed.nonce, spec).catch(() => undefined); // told at the next start
    this.#syncLoops(slot, probed);
    // A readiness probe was removed: past its startup probe, which speaks no more, it is ready.
    const isUnready = slot.phase.readiness === 'pending' || slot.phase.readiness === 'failing';
    if (probed.isStarted && spec.startup !== null && spec.readiness === null && isUnready)
      this.#options.receive(slot.id, probed.nonce, { kind: 'readinessChanged', readiness: 'passing', because: null });
  }

  #syncLoops(slot: ProbeableSlot, probed: Probed): void {
    const { startup, readiness, liveness } = probed.spec;
    const isStarted = probed.isStarted || startup === null;
    probed.isStarted = isStarted;
    this.#syncLoop(slot, probed, 'startup', isStarted ? null : startup);
    this.#syncLoop(slot, probed, 'readiness', isStarted ? readiness : null);
    this.#syncLoop(slot, probed, 'liveness', isStarted ? liveness : null);
  }

  #syncLoop(slot: ProbeableSlot, probed: Probed, key: ProbeRole, probe: Probe | null): void {
    const running = probed.loops.get(key);
    if (JSON.stringify(running?.probe ?? null) === JSON.stringify(probe)) return;
    running?.loop.stop();
    probed.loops.delete(key);
    if (probe) probed.loops.set(key, { probe, loop: this.#begin(slot, probed, key, probe) });
  }

  #begin(slot: ProbeableSlot, probed: Probed, key: ProbeRole, probe: Probe): ProbeLoop {
    const subject = this.#subjectOf(slot, probed.spec, key === 'liveness' ? probe.everyMs : null);
    const begins = probe.checks.map((check) => prepareCheck(check, subject));
    const begin = () => begins.map((one) => one());
    const onChange = (verdict: ProbeVerdict, because: string | null): void =>
      this.#changed(slot, probed, key, { verdict, because });
    // Held back until the start-up probe passed: the delay counts from then on.
    const aliveMs = key === 'startup' || probed.spec.startup === null ? subject.aliveMs() : 0;
    const loop = new ProbeLoop({ probe, begin, onChange }, aliveMs);
    for (const check of probe.checks) {
      if (check.kind === 'delay') setTimeout(() => loop.nudge(), check.delayMs - subject.aliveMs()).unref();
    }
    return loop;
  }

  #subjectOf({ id, index, phase }: ProbeableSlot, spec: ServiceSpec, watchdogMs: number | null): CheckSubject {
    const { nowMs, signals: signs, newNonce, launchContext } = this.#options;
    const { nonce } = phase.process;
    // Who counted as ready when probing began (adopted, or probed since an edit) gave its signs when nobody looked.
    const wasReady = phase.readiness !== 'pending';
    return {
      spec,
      index,
      aliveMs: () => nowMs() - phase.sinceMs,
      hasLogged: (pattern) => wasReady || signs.hasLogged(id, nonce, pattern),
      hasNotified: () => wasReady || signs.hasNotified(id, nonce),
      silentMs: () => signs.silentMs(id, nonce),
      watchdogMs,
      nonce: newNonce(),
      context: launchContext(),
    };
  }

  #changed(slot: ProbeableSlot, probed: Probed, key: ProbeRole, { verdict, because }: ProbeChange): void {
    const tell = (event: InstanceEvent): void => this.#options.receive(slot.id, slot.phase.process.nonce, event);
    // An instance that counts as ready goes on doing so until a threshold says otherwise.
    const isTold = verdict !== 'unknown' || slot.phase.readiness === 'pending';
    if (key === 'readiness') {
      if (isTold) tell({ kind: 'readinessChanged', readiness: READINESS[verdict], because });
    } else if (verdict === 'failing') {
      tell({ kind: 'unhealthy', because: `${key} probe failed: ${because}` });
    } else if (key === 'startup') {
      if (verdict === 'passing') this.#passedStartup(slot, probed, tell);
      else if (isTold) tell({ kind: 'readinessChanged', readiness: 'pending', because });
    }
  }

  #passedStartup(slot: ProbeableSlot, probed: Probed, tell: (event: InstanceEvent) => void): void {
    probed.isStarted = true;
    this.#syncLoops(slot, probed);
    if (probed.spec.readiness === null) tell({ kind: 'readinessChanged', readiness: 'passing', because: null });
  }
}

type ProbeVerdict = ProbeRecord['verdict'];
type ProbeChange = { verdict: ProbeVerdict; because: string | null };
const READINESS = { unknown: 'pending', passing: 'passing', failing: 'failing' } as const;

function isProbeable(slot: Slot): slot is ProbeableSlot {
  return slot.phase.kind === 'alive' && slot.phase.unhealthy === null;
}

/** Of an adopted process: it was past its start-up probe if it was ever found ready or unready. */
function hasStarted({ adopted, readiness }: ProbeablePhase): boolean {
  return adopted && (readiness === 'passing' || readiness === 'failing');
}
