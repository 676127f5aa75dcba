// Runs the probes of every live instance. Level-triggered: compares running probes with declared ones after each step of the
// kernel. Sends results to the kernel as events; decides nothing about instances.
import type { ProbeRole } from '../../api/protocol-inspect.ts';
import type { Desired, PortTable } from '../../core/desired.ts';
import type { InstanceEvent } from '../../core/instance-event.ts';
import { PORT_REFERENCES } from '../../core/ports.ts';
import type { ProbeRecord } from '../../core/readiness.ts';
import type { Phase, Slot } from '../../core/slot.ts';
import type { InstanceId, Probe, ServiceSpec } from '../../core/spec.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import type { OwnAnswers } from './own-answers.ts';
import { type CheckSubject, prepareCheck } from './probe-checks.ts';
import { ProbeHistories } from './probe-histories.ts';
import { ProbeLoop, type ProbeLoopOptions } from './probe-loop.ts';
import type { ReadinessSignals } from './readiness-signals.ts';

type ProbeablePhase = Extract<Phase, { kind: 'alive' }>;
type ProbeableSlot = Slot & { phase: ProbeablePhase };
type Probed = {
  nonce: string;
  spec: ServiceSpec;
  ports: PortTable;
  isStarted: boolean;
  loops: Map<ProbeRole, { text: string; loop: ProbeLoop }>;
};

export class Prober {
  readonly histories = new ProbeHistories();
  #context: SupervisorContext;
  #signals: ReadinessSignals;
  #answers: OwnAnswers;
  #probed = new Map<InstanceId, Probed>();
  /** What was compared last. Most steps change one slot of a thousand. */
  #compared = new Map<InstanceId, Slot>();
  #comparedWith: Pick<Desired, 'services' | 'ports'> | null = null;
  #isStopped = false;

  constructor(context: SupervisorContext, signals: ReadinessSignals, answers: OwnAnswers) {
    this.#context = context;
    this.#signals = signals;
    this.#answers = answers;
  }

  /** Call after each step. Cheap where nothing is probed. */
  sync(): void {
    if (this.#isStopped) return;
    const { specs } = this.#context;
    const { slots, desired } = specs;
    const { services, ports } = desired;
    const isSame = this.#comparedWith?.services === services && this.#comparedWith.ports === ports;
    if (!isSame) this.#compared.clear();
    this.#comparedWith = { services, ports };
    for (const id of this.#compared.keys()) if (!slots.has(id)) this.#compared.delete(id);
    for (const [id, probed] of this.#probed) {
      const slot = slots.get(id);
      if (!slot || !isProbeable(slot) || slot.phase.process.nonce !== probed.nonce) this.#drop(id, probed);
    }
    this.histories.keepOnly(slots);
    for (const slot of slots.values()) {
      if (this.#compared.get(slot.id) === slot) continue;
      this.#compared.set(slot.id, slot);
      if (!isProbeable(slot)) continue;
      const spec = specs.specOf(slot);
      if (spec) this.#syncOne(slot, spec);
    }
  }

  /** A check of this instance may pass now. */
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
    const { ports } = this.#context.specs.desired;
    if (old?.spec === spec && old.ports === ports) return;
    if (spec.startup === null && spec.readiness === null && spec.liveness === null) {
      if (old) this.#drop(slot.id, old);
      return;
    }
    const probed = old ?? {
      nonce: slot.phase.process.nonce,
      spec,
      ports,
      isStarted: hasStarted(slot.phase),
      loops: new Map(),
    };
    probed.spec = spec;
    probed.ports = ports;
    this.#probed.set(slot.id, probed);
    void this.#signals.resume(slot.id, probed.nonce, spec).catch(() => undefined); // reported at the next start
    this.#syncLoops(slot, probed);
    // The readiness probe was removed: an instance past its startup probe is ready.
    const isUnready = slot.phase.readiness === 'pending' || slot.phase.readiness === 'failing';
    if (probed.isStarted && spec.startup !== null && spec.readiness === null && isUnready)
      this.#context.inbox.receive(slot.id, probed.nonce, {
        kind: 'readinessChanged',
        readiness: 'passing',
        because: null,
      });
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
    const text = probe && this.#textOf(slot.id, probe);
    if ((running?.text ?? null) === text) return;
    running?.loop.stop();
    probed.loops.delete(key);
    if (probe) probed.loops.set(key, { text: text!, loop: this.#begin(slot, probed, key, probe) });
  }

  /** Changes when the probe does, or a port of another service that it uses. */
  #textOf(id: InstanceId, probe: Probe): string {
    const text = JSON.stringify(probe);
    if (!text.includes('.port')) return text;
    const { portOf } = this.#context.launchContext(id);
    return text + [...text.matchAll(PORT_REFERENCES)].map(([, name]) => ` ${name}=${portOf(name!)}`).join('');
  }

  #begin(slot: ProbeableSlot, probed: Probed, key: ProbeRole, probe: Probe): ProbeLoop {
    const subject = this.#subjectOf(slot, probed.spec, key);
    const begins = probe.checks.map((check) => prepareCheck(check, subject));
    const begin = () => begins.map((one) => one());
    const onChange: ProbeLoopOptions['onChange'] = (verdict, because, isSilent): void =>
      this.#changed(slot, probed, key, { verdict, because, isSilent });
    const onAttempt: ProbeLoopOptions['onAttempt'] = (outcome, durationMs): void => {
      const time = new Date(this.#context.clock.nowMs() - durationMs).toISOString();
      const failure = outcome.ok ? null : outcome.because;
      this.histories.note(slot.id, key, { time, durationMs: Math.round(durationMs), failure });
    };
    // Other probes begin when the startup probe has passed: their delay counts from then on.
    const aliveMs = key === 'startup' || probed.spec.startup === null ? subject.aliveMs() : 0;
    const loop = new ProbeLoop({ probe, begin, onChange, onAttempt }, aliveMs);
    for (const check of probe.checks) {
      if (check.kind === 'delay') setTimeout(() => loop.nudge(), check.delayMs - subject.aliveMs()).unref();
    }
    return loop;
  }

  #subjectOf(slot: ProbeableSlot, spec: ServiceSpec, key: ProbeRole): CheckSubject {
    const { id, index, phase } = slot;
    const { clock, nonces } = this.#context;
    const signals = this.#signals;
    const { nonce } = phase.process;
    // An instance that was ready when probing began (adopted, or probed since an edit) gave its signals before that.
    const wasReady = phase.readiness !== 'pending';
    return {
      spec,
      index,
      aliveMs: () => clock.nowMs() - phase.sinceMs,
      hasLogged: (pattern) => wasReady || signals.hasLogged(id, nonce, pattern),
      hasNotified: () => wasReady || signals.hasNotified(id, nonce),
      hasSent: (message) => wasReady || signals.hasSent(nonce, message),
      silentMs: () => signals.silentMs(id, nonce),
      watchdogMs: key === 'liveness' ? (spec.liveness?.everyMs ?? null) : null,
      // A restart would not help an instance that shares its socket, and may hit a healthy one.
      answers: () => this.#answers.of(slot, phase.process, spec, key === 'liveness'),
      nonce: nonces.forProbe(),
      context: this.#context.launchContext(id),
    };
  }

  #changed(slot: ProbeableSlot, probed: Probed, key: ProbeRole, { verdict, because, isSilent }: ProbeChange): void {
    const send = (event: InstanceEvent): void => this.#context.inbox.receive(slot.id, slot.phase.process.nonce, event);
    // An instance that counts as ready keeps doing so until a threshold is reached.
    const isReported = verdict !== 'unknown' || slot.phase.readiness === 'pending';
    if (key === 'readiness') {
      if (isReported) send({ kind: 'readinessChanged', readiness: READINESS[verdict], because });
      const isRestarted = verdict === 'failing' && probed.spec.readiness?.onFailure === 'restart';
      if (isRestarted) send({ kind: 'unhealthy', because: `${key} probe failed: ${because}` });
    } else if (verdict === 'failing') {
      // A readiness probe says by itself whether it serves.
      const isLost = isSilent && probed.spec.readiness === null;
      send({ kind: 'unhealthy', because: `${key} probe failed: ${because}`, ...(isLost && { isSilent: true }) });
    } else if (key === 'startup') {
      if (verdict === 'passing') this.#passedStartup(slot, probed, send);
      else if (isReported) send({ kind: 'readinessChanged', readiness: 'pending', because });
    }
  }

  #passedStartup(slot: ProbeableSlot, probed: Probed, send: (event: InstanceEvent) => void): void {
    probed.isStarted = true;
    this.#syncLoops(slot, probed);
    if (probed.spec.readiness === null) send({ kind: 'readinessChanged', readiness: 'passing', because: null });
  }
}

type ProbeVerdict = ProbeRecord['verdict'];
type ProbeChange = { verdict: ProbeVerdict; because: string | null; isSilent: boolean };
const READINESS = { unknown: 'pending', passing: 'passing', failing: 'failing' } as const;

function isProbeable(slot: Slot): slot is ProbeableSlot {
  return slot.phase.kind === 'alive';
}

/** An adopted process is past its startup probe if it was ever found ready or unready. */
function hasStarted({ adopted, readiness }: ProbeablePhase): boolean {
  return adopted && (readiness === 'passing' || readiness === 'failing');
}
