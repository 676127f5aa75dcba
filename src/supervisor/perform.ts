// Carries out the kernel's actions with real processes: spawns, signals, sweeps, drains. Results go back to the kernel as
// events; nothing here decides anything. Keeps what the kernel must not know: descriptors, claims, work in flight.

import { setTimeout as sleep } from 'node:timers/promises';
import { type ProjectPaths, terminalPath } from '../api/paths.ts';
import type { Exit, Incarnation, InstanceEvent, InstanceId, ServiceSpec, Slot, StopCause } from '../core/model.ts';
import { initialReadiness } from '../core/readiness.ts';
import type { LogWriterClient } from '../logs/client.ts';
import { identify, isAlive } from '../runtime/identity.ts';
import { groupIsEmpty, killTree, signalTree } from '../runtime/signal.ts';
import type { Lease } from '../runtime/singleton.ts';
import { type SpawnResult, spawnInstance } from '../runtime/spawn.ts';
import { sweepByNonce, type TreeMember } from '../runtime/sweep.ts';
import { NOTHING_NEEDED, type Outfitter } from './equipment.ts';
import { errorText } from './error-text.ts';
import type { ExitRecords } from './exit-record.ts';
import type { Happening } from './happenings.ts';
import { slotSpecOf } from './kernel.ts';
import { type Launch, type LaunchContext, launchOf } from './launch.ts';
import { isThere, throughShim } from './shim.ts';
import { claimFor, lostTo } from './singleton-claims.ts';
import { type Stopping, StopSteps } from './stop-steps.ts';
import { type Source, StreamTable } from './streams.ts';
import { throughTty } from './tty.ts';

export type Performer = {
  start(slot: Slot, spec: ServiceSpec, nonce: string): void;
  drain(slot: Slot): void;
  stop(slot: Slot, cause: StopCause): void;
  escalate(slot: Slot, signal: string): void;
  kill(slot: Slot): void;
  clear(slot: Slot): void;
  abandon(slot: Slot): void;
  forget(slot: Slot): void;
  /** Starts that have not come to their turn never will. */
  dropStarts(): void;
  /** Opens the descriptors of instances that already run (adopted), so that their output is never without a reader. */
  hold(sources: Source[]): Promise<void>;
  /** The configuration changed: instances whose queue is another one now write there from here on. */
  route(queueOf: (id: InstanceId) => string | null): void;
};

export type PerformerOptions = {
  paths: ProjectPaths;
  writer: LogWriterClient;
  nowMs(): number;
  outfitter: Outfitter;
  records: ExitRecords;
  /** Read at each start, so that the newest configuration counts. */
  launchContext(): LaunchContext;
  /** The whole spec that an instance runs with; null where it is not remembered. */
  specOf(slot: Slot): ServiceSpec | null;
  /** Before a process begins. @returns what its environment needs on top; null: nothing, and nothing to wait for. */
  prepare(id: InstanceId, nonce: string, spec: ServiceSpec): Promise<Record<string, string>> | null;
  /** Of commands that are run for an instance. */
  newNonce(): string;
  /** Does anything else live that writes to the queue? */
  isWritten(queue: string, except: Slot): boolean;
  forgotten(id: InstanceId): void;
  receive(id: InstanceId, nonce: string | null, event: InstanceEvent): void;
  report(happening: Happening): void;
};

/** Longest turn of the event loop spent on spawning before others get theirs. */
const SPAWN_SLICE_MS = 25;
/** Starts whose FIFOs are made together. */
const BATCH = 32;
/** A sweep looks at every process of the machine: it must not hold up the restart that is just being made. */
const SWEEP_AFTER_MS = 50;
/** How long the end of an instance may wait for its last output to reach the log. */
const DRAIN_DEADLINE_MS = 500;
const KILL_DEADLINE_MS = 400;

const LOOK_AGAIN_MS = 50;

type PendingStart = { slot: Slot; spec: ServiceSpec; nonce: string };

export function createPerformer(options: PerformerOptions): Performer {
  return new ProcessPerformer(options);
}

class ProcessPerformer implements Performer {
  #options: PerformerOptions;
  #streams: StreamTable;
  #queue: PendingStart[] = [];
  /** Nonces of starts that have not come to their turn; an abandoned one is taken out. */
  #queued = new Set<string>();
  #spawning = false;
  /** Nonces of direct children whose exit has not been reported. */
  #children = new Set<string>();
  #checks = new Set<InstanceId>();
  /** The incarnation whose end was told last: a look that comes late must not tell it to its successor. */
  #cleared = new Map<InstanceId, string>();
  #leases = new Map<InstanceId, Lease>();
  #claims = new Map<InstanceId, AbortController>();

  #stops: StopSteps;

  constructor(options: PerformerOptions) {
    this.#options = options;
    this.#stops = new StopSteps({
      ...options,
      targetOf: (phase) => this.#targetOf(phase),
      membersOf: (phase) => this.#membersOf(phase),
      endInput: (slot, queue, timeoutMs) =>
        // Who still writes does so for the next incarnation.
        void options.outfitter.endInput(slot, queue, options.isWritten(queue, slot) ? 0 : timeoutMs),
    });
    this.#streams = new StreamTable(options.paths, options.writer);
  }

  start(slot: Slot, spec: ServiceSpec, nonce: string): void {
    this.#queue.push({ slot, spec, nonce });
    this.#queued.add(nonce);
    if (this.#spawning) return;
    this.#spawning = true;
    void this.#drainQueue();
  }

  async #drainQueue(): Promise<void> {
    let next = this.#takeBatch();
    while (next) {
      const { batch, opened } = next;
      const failure = await opened;
      // A new FIFO may take the file system a millisecond: those of the next batch are made while this one is spawned.
      next = this.#takeBatch();
      await this.#spawnBatch(batch, failure);
      next ??= this.#takeBatch();
    }
    this.#spawning = false;
  }

  #takeBatch(): { batch: PendingStart[]; opened: Promise<unknown> } | null {
    if (this.#queue.length === 0) return null;
    const batch = this.#queue.splice(0, BATCH);
    const sources = batch.map(({ slot, spec }) => ({ id: slot.id, queue: spec.logQueue }));
    return { batch, opened: this.#openStreams(sources) };
  }

  async #spawnBatch(batch: PendingStart[], failure: unknown): Promise<void> {
    let sliceEnd = performance.now() + SPAWN_SLICE_MS;
    for (const pending of batch) {
      if (!this.#queued.delete(pending.nonce)) this.#abandonStart(pending);
      else if (failure) this.#failStart(pending, failure);
      else if (pending.spec.singleton) void this.#startSingleton(pending);
      else void this.#spawn(pending);
      if (performance.now() < sliceEnd) continue;
      await new Promise(setImmediate);
      sliceEnd = performance.now() + SPAWN_SLICE_MS;
    }
  }

  #abandonStart({ slot, nonce }: PendingStart): void {
    this.#options.receive(slot.id, nonce, { kind: 'startAbandoned' });
  }

  #failStart({ slot, nonce }: PendingStart, error: unknown): void {
    const exit = { spawnError: codeOf(error), detail: `its output cannot be captured: ${errorText(error)}` };
    this.#options.receive(slot.id, nonce, { kind: 'spawnFailed', exit, charged: false });
  }

  async hold(sources: Source[]): Promise<void> {
    await this.#streams.open(sources);
  }

  route(queueOf: (id: InstanceId) => string | null): void {
    this.#streams.route(queueOf);
  }

  /** @returns what went wrong, or null. */
  async #openStreams(sources: Source[]): Promise<unknown> {
    try {
      await this.#streams.open(sources);
      return null;
    } catch (error) {
      return error;
    }
  }

  /** The older holder's whole tree is dead before ours is spawned (I2); the key stays locked in between. */
  async #startSingleton(pending: PendingStart): Promise<void> {
    const { slot, spec, nonce } = pending;
    const abort = new AbortController();
    this.#claims.set(slot.id, abort);
    try {
      const request = { spec, policy: spec.singleton!, id: slot.id, nonce, root: this.#options.paths.root };
      const claim = await claimFor(request, abort.signal);
      if (claim.outcome === 'abandoned') return this.#abandonStart(pending);
      if (claim.outcome === 'refused') return this.#refuseStart(pending, claim.by);
      if (claim.outcome === 'adopt') return this.#takeOver(pending, claim.process);
      const incarnation = await this.#spawn(pending);
      if (!incarnation) return claim.lease.abandon();
      this.#leases.set(slot.id, claim.lease);
      await claim.lease.commit(incarnation).catch((error) => this.#reportUnrecorded(slot.id, error));
    } catch (error) {
      const exit = { spawnError: codeOf(error), detail: `the singleton lock cannot be had: ${errorText(error)}` };
      this.#options.receive(slot.id, nonce, { kind: 'spawnFailed', exit, charged: false });
    } finally {
      this.#claims.delete(slot.id);
    }
  }

  /** A full disk, say. It runs, and whoever claims the key finds it. */
  #reportUnrecorded(instance: InstanceId, error: unknown): void {
    const message = `${instance} holds its key, but the record could not be written: ${errorText(error)}`;
    this.#options.report({ type: 'singleton_not_recorded', instance, message, details: {} });
  }

  #refuseStart({ slot, nonce }: PendingStart, by: string): void {
    this.#options.receive(slot.id, nonce, { kind: 'startRefused', by });
  }

  /** The key's holder goes on as it is and is ours from now on. */
  #takeOver({ slot, spec, nonce }: PendingStart, process: Incarnation): void {
    const sinceMs = this.#options.nowMs();
    const readiness = initialReadiness(spec);
    this.#options.receive(slot.id, nonce, { kind: 'adopted', process, sinceMs, spec: slotSpecOf(spec), readiness });
  }

  async #spawn({ slot, spec, nonce }: PendingStart): Promise<Incarnation | null> {
    const { id } = slot;
    const result = await this.#spawnProcess({ slot, spec, nonce });
    if (!result.ok) {
      const exit = { spawnError: result.errno, detail: result.detail };
      this.#options.receive(id, nonce, { kind: 'spawnFailed', exit, charged: !result.transient });
      return null;
    }
    // Not reaped before the exit event, so its pid and start time are still its own even if it has ended.
    const process = (await this.#identify(result.pid, nonce)) ?? { pid: result.pid, startTime: '0', bootId: '', nonce };
    this.#children.add(nonce);
    this.#options.receive(id, nonce, { kind: 'spawned', process, readiness: initialReadiness(spec) });
    return process;
  }

  /** Waits where there is no descriptor left to look with: an instance whose start time is not known could not be kept. */
  async #identify(pid: number, nonce: string): Promise<Incarnation | null> {
    for (;;) {
      try {
        return identify(pid, nonce);
      } catch {
        await sleep(LOOK_AGAIN_MS);
      }
    }
  }

  async #spawnProcess({ slot, spec, nonce }: PendingStart): Promise<SpawnResult> {
    try {
      const { outfitter } = this.#options;
      const equipment = outfitter.isNeeded(spec) ? await outfitter.equip(slot, spec) : NOTHING_NEEDED;
      if (!equipment.ok) return equipment;
      const { stdin, more } = equipment;
      const streams = this.#streams.of(slot.id);
      const prepared = this.#options.prepare(slot.id, nonce, spec);
      const extra = prepared === null ? {} : await prepared;
      const launch = this.#launch(slot, spec, nonce, extra);
      const contain = spec.singleton !== null;
      const request = { ...launch, stdin, stdout: streams.out, stderr: streams.err, more, contain } as const;
      const recorded = (exit: Exit): Exit => (spec.exitRecord ? (this.#options.records.take(nonce) ?? exit) : exit);
      return await spawnInstance(request, (exit) => this.#childEnded(slot.id, nonce, recorded(exit)));
    } catch (error) {
      return { ok: false, errno: codeOf(error), detail: errorText(error), transient: false };
    }
  }

  #launch(slot: Slot, spec: ServiceSpec, nonce: string, extra: Record<string, string>): Launch {
    const program = launchOf(spec, slot.index, nonce, this.#options.launchContext(), extra);
    const held = spec.tty ? throughTty(program, terminalPath(this.#options.paths, slot.id)) : program;
    const launch = throughShim(held, spec);
    return spec.exitRecord && isThere(program) ? this.#options.records.recorded(launch, nonce) : launch;
  }

  #childEnded(id: InstanceId, nonce: string, exit: Exit): void {
    this.#children.delete(nonce);
    this.#options.receive(id, nonce, { kind: 'exited', exit });
  }

  drain(slot: Slot): void {
    this.#stops.drain(slot);
  }

  stop(slot: Slot): void {
    this.#stops.stop(slot);
  }

  escalate(slot: Slot, signal: string): void {
    this.#stops.signal(slot, signal);
  }

  kill(slot: Slot): void {
    const phase = slot.phase as Stopping;
    this.#stops.cancel(phase.process.nonce);
    const lookAgain = (): void => this.#options.receive(slot.id, phase.process.nonce, { kind: 'leftoversFound' });
    killTree(this.#targetOf(phase), { withinMs: KILL_DEADLINE_MS }).then(({ survivors }) => {
      if (survivors.length > 0) lookAgain();
      else if (phase.exit !== null || phase.adopted) this.clear(slot);
    }, lookAgain);
  }

  clear(slot: Slot): void {
    const phase = slot.phase as Stopping;
    if (this.#checks.has(slot.id) || this.#cleared.get(slot.id) === phase.process.nonce) return;
    this.#checks.add(slot.id);
    this.#check(slot, phase)
      // A sweep that could not be made (no descriptor left) has not shown the tree to be empty.
      .catch(() => this.#options.receive(slot.id, phase.process.nonce, { kind: 'leftoversFound' }))
      .finally(() => this.#checks.delete(slot.id));
  }

  async #check(slot: Slot, phase: Stopping): Promise<void> {
    const { id } = slot;
    const { nonce } = phase.process;
    if (phase.exit === null) {
      if (isAlive(phase.process)) return this.#options.receive(id, nonce, { kind: 'leftoversFound' });
      const exit = this.#options.records.take(nonce) ?? { unknown: true as const };
      this.#options.receive(id, nonce, { kind: 'exited', exit });
    }
    const leftovers = await this.#leftovers(slot, phase);
    if (leftovers.length > 0) {
      this.#stops.tellRest(slot, leftovers);
      return this.#options.receive(id, nonce, { kind: 'leftoversFound' });
    }
    this.#stops.forget(nonce);
    await this.#options.writer.endOfOutput(id, DRAIN_DEADLINE_MS).catch(() => undefined); // a lost writer drains later
    const singleton = slot.spec?.singleton;
    const takenBy = singleton ? lostTo(singleton, phase.process, this.#options.paths.root) : null;
    this.#leases.get(id)?.release();
    this.#leases.delete(id);
    this.#cleared.set(id, nonce);
    this.#options.receive(id, nonce, { kind: 'emptied' });
    if (takenBy) this.#options.receive(id, null, { kind: 'takenOver', by: takenBy });
  }

  /**
   * A process that ended by itself is followed at once when its group is empty; who left the group is swept afterwards.
   * Singletons and stops wait for the whole sweep.
   */
  async #leftovers(slot: Slot, phase: Stopping): Promise<TreeMember[]> {
    const quick = phase.cause === 'exited' && phase.step === 'clear' && !slot.spec?.singleton;
    if (quick && groupIsEmpty(phase.process.pid)) {
      // What goes down meanwhile is swept with the whole project.
      const sweep = (): Promise<void> => this.#sweepLater(slot, phase).catch(() => undefined); // again when all goes down
      setTimeout(sweep, SWEEP_AFTER_MS).unref();
      return [];
    }
    return this.#membersOf(phase);
  }

  async #sweepLater(slot: Slot, phase: Stopping): Promise<void> {
    const members = await this.#membersOf(phase);
    if (members.length === 0) return;
    this.#options.report({
      type: 'leftovers_found',
      instance: slot.id,
      message: `${slot.id} left ${members.length} process(es) behind; they are being ended`,
      details: { pids: members.map(({ pid }) => pid) },
    });
    signalTree(this.#targetOf(phase), slot.spec?.stop.signal ?? 'SIGTERM', members);
    const graceMs = slot.spec?.stop.graceMs ?? 0;
    const end = (): void => {
      killTree(this.#targetOf(phase), { withinMs: KILL_DEADLINE_MS }).catch(() => undefined); // as above
    };
    setTimeout(end, graceMs).unref();
  }

  async #membersOf(phase: Stopping): Promise<TreeMember[]> {
    const { process } = phase;
    const found = await sweepByNonce([process.nonce], new Map([[process.nonce, process]]));
    return found.get(process.nonce) ?? [];
  }

  #targetOf(phase: Stopping): { incarnation: Incarnation; ourChild: boolean } {
    return { incarnation: phase.process, ourChild: this.#children.has(phase.process.nonce) };
  }

  abandon(slot: Slot): void {
    if (slot.phase.kind === 'starting') this.#queued.delete(slot.phase.nonce);
    this.#claims.get(slot.id)?.abort();
    this.#options.outfitter.cancel(slot.id);
  }

  dropStarts(): void {
    this.#queued.clear();
    for (const claim of this.#claims.values()) claim.abort();
  }

  forget(slot: Slot): void {
    this.#cleared.delete(slot.id);
    this.#options.forgotten(slot.id);
    this.#streams.close(slot.id);
    this.#options.outfitter.forget(slot.id);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException)?.code ?? 'EUNKNOWN';
}
