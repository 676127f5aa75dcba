// The port of an instance that another program has: explains the exit of an instance that could not listen, and keeps one
// without a probe from counting as ready. Decides nothing else; ends nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import { shownPort } from '../../core/ports.ts';
import { isProbed, isReady } from '../../core/readiness.ts';
import type { EndingSlot, Phase, Slot } from '../../core/slot.ts';
import type { InstanceId, ServiceSpec } from '../../core/spec.ts';
import { listenersOnPort } from '../../os/sockets/listeners.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import type { EarlierListeners } from './earlier-listeners.ts';
import { describeHolder, findInTree } from './own-answers.ts';

type WaitingSlot = Slot & { phase: Extract<Phase, { kind: 'alive' }> };
type Judged = { nonce: string; spec: ServiceSpec };

const LOOK_AGAIN_MS = 500;

export class PortConflicts {
  #context: SupervisorContext;
  #earlier: EarlierListeners;
  #judged = new Map<InstanceId, Judged>();
  #isStopped = false;

  constructor(context: SupervisorContext, earlier: EarlierListeners) {
    this.#context = context;
    this.#earlier = earlier;
  }

  /** @returns a clause about a program that has the port of an instance which has just failed; undefined: there is none */
  async explainExit(slot: EndingSlot): Promise<string | undefined> {
    const { cause, exit, startedMs, sinceMs } = slot.phase;
    const failed = cause === 'exited' && exit !== null && 'code' in exit && exit.code !== 0;
    const isYoung = sinceMs - startedMs < (slot.spec?.restart.healthyAfterMs ?? 0);
    const port = failed && isYoung ? this.#portOf(slot) : null;
    if (port === null) return undefined;
    const [listener] = listenersOnPort(port);
    return listener && `port ${port} is held by ${await describeHolder(listener)}`;
  }

  /** Call after each step. Cheap where nothing waits to become ready by its age. */
  sync(): void {
    for (const slot of this.#context.specs.slots.values()) {
      if (!isWaiting(slot)) continue;
      const spec = this.#context.specs.specOf(slot);
      if (!spec || isProbed(spec)) continue;
      const { nonce } = slot.phase.process;
      const judged = this.#judged.get(slot.id);
      if (judged?.nonce === nonce && judged.spec === spec) continue;
      this.#judged.set(slot.id, { nonce, spec });
      this.#judge(slot, nonce);
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  forget(id: InstanceId): void {
    this.#judged.delete(id);
  }

  /** A reason that is there already is that of a removed probe, or was found by an earlier supervisor. */
  #judge(slot: WaitingSlot, nonce: string): void {
    const port = this.#portOf(slot);
    const mayBeTaken = port !== null && (slot.phase.because !== null || this.#earlier.hasPort(slot.id, nonce, port));
    if (mayBeTaken) void this.#watch(slot.id, nonce, port).catch(() => this.#report(slot.id, nonce, null));
    else if (slot.phase.because !== null) this.#report(slot.id, nonce, null);
  }

  /** Looks again while the port is taken. */
  async #watch(id: InstanceId, nonce: string, port: number): Promise<void> {
    const judged = this.#judged.get(id);
    for (;;) {
      const slot = this.#context.specs.slots.get(id);
      const isCurrent =
        slot && isWaiting(slot) && slot.phase.process.nonce === nonce && this.#judged.get(id) === judged;
      if (!isCurrent || this.#isStopped) return;
      const because = await this.#whyTaken(slot, port);
      this.#report(id, nonce, because);
      if (because === null) return;
      await sleep(LOOK_AGAIN_MS, undefined, { ref: false });
    }
  }

  #report(id: InstanceId, nonce: string, because: string | null): void {
    this.#context.inbox.receive(id, nonce, { kind: 'readinessChanged', readiness: 'pending', because });
  }

  async #whyTaken({ phase }: WaitingSlot, port: number): Promise<string | null> {
    const listeners = listenersOnPort(port);
    if (listeners.length === 0) return null;
    const tree = await findInTree(phase.process, listeners);
    if (tree.held.length > 0 || !tree.isWhole) return null;
    return `port ${port} is held by ${await describeHolder(listeners[0]!)}`;
  }

  #portOf(slot: Slot): number | null {
    const { specs } = this.#context;
    return shownPort(slot, specs.specOf(slot), specs.desired.ports);
  }
}

/** Alive, and not ready yet. */
const isWaiting = (slot: Slot): slot is WaitingSlot => slot.phase.kind === 'alive' && !isReady(slot.phase);
