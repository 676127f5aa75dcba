// From a wanted start to a process of ours: the turn in the queue, the key of a singleton, equipment, the spawn, and who
// it is. Tells the kernel how it went; decides nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProjectPaths, terminalPath } from '../../api/paths.ts';
import type { Exit, Incarnation, InstanceEvent, InstanceId, ServiceSpec, Slot } from '../../core/model.ts';
import { initialReadiness } from '../../core/readiness.ts';
import { slotSpecOf } from '../../core/transition.ts';
import { errorText } from '../../os/errors.ts';
import { identify } from '../../os/process/identity.ts';
import type { Lease } from '../../os/singleton/claim-singleton.ts';
import { isTransient, type SpawnResult, spawnInstance } from '../../os/spawn/spawn.ts';
import type { EventDraft } from '../kernel/events.ts';
import {
  declaresSecrets,
  type InstanceLaunch,
  type LaunchContext,
  launchOf,
  NO_SECRETS,
  readSecrets,
} from './environment.ts';
import type { ExitRecords } from './exit-records.ts';
import type { OutputFifos } from './outputs.ts';
import { claimKey } from './singleton-claims.ts';
import { type PendingStart, StartQueue } from './start-queue.ts';
import { NOTHING_NEEDED, type StartResources } from './start-resources.ts';
import { programExists, wrapInShell, wrapInTty } from './wrapper.ts';

export type InstanceStartsOptions = {
  paths: ProjectPaths;
  nowMs(): number;
  resources: StartResources;
  records: ExitRecords;
  /** Read at each start, so that the newest configuration counts. */
  launchContext(): LaunchContext;
  /** False: another supervisor has the project, or may have; what it starts must not be started twice. */
  mayStart(): boolean;
  /** Before a process begins. @returns what its environment needs on top; null: nothing, and nothing to wait for. */
  expectSignals(id: InstanceId, nonce: string, spec: ServiceSpec): Promise<Record<string, string>> | null;
  /** Right before the fork. @returns whether the process needs a cgroup of its own for its bounds. */
  prepareMemoryLimit(spec: ServiceSpec, nonce: string): boolean;
  receive(id: InstanceId, nonce: string | null, event: InstanceEvent): void;
  report(happening: EventDraft): void;
};

/** How often it is tried to look at a process while there is no descriptor left to look with. */
const IDENTIFY_RETRY_MS = 50;

const NOT_WANTED: SpawnResult = { ok: false, errno: 'ECANCELED', detail: 'not wanted any more', transient: true };

/** Nobody's fault, and made up for as soon as the directory is there again. */
const PROJECT_REPLACED = {
  spawnError: 'ESTALE',
  detail: "the project's directory was replaced by another one; `orch up` there takes over",
};

export class InstanceStarts {
  #options: InstanceStartsOptions;
  #outputs: OutputFifos;
  #queue: StartQueue;
  /** Nonces of direct children whose exit has not been reported. */
  #children = new Set<string>();
  /** Keys that are held, and those that are being waited for. */
  #leases = new Map<InstanceId, Lease>();
  #claims = new Map<InstanceId, AbortController>();
  /** Nonces of starts that are not wanted any more and whose outcome has not been told. */
  #abandonedNonces = new Set<string>();
  /** Of those that wait: who has the key. */
  #waitReasons = new Map<InstanceId, string>();

  constructor(options: InstanceStartsOptions, streams: OutputFifos) {
    this.#options = options;
    this.#outputs = streams;
    this.#queue = new StartQueue({
      openStreams: (sources) => streams.open(sources),
      begin: (start) => void (start.spec.singleton ? this.#startSingleton(start) : this.#spawn(start)),
      fail: (start, error) => this.#failed(start, 'its output cannot be captured', error),
      abandon: (start) => this.#abandoned(start),
    });
  }

  start(slot: Slot, spec: ServiceSpec, nonce: string): void {
    const start = { slot, spec, nonce };
    // Given up while its intent was being written.
    if (this.#abandonedNonces.has(nonce)) this.#abandoned(start);
    else if (this.#options.mayStart()) this.#queue.add(start);
    else this.#reportOutcome(start, { kind: 'spawnFailed', exit: PROJECT_REPLACED, countsAsFailure: false });
  }

  /** As far as it has not begun; a process that is being made comes as one that runs. */
  abandon(slot: Slot): void {
    if (slot.phase.kind !== 'starting') return;
    this.#abandonedNonces.add(slot.phase.nonce);
    this.#queue.drop(slot.phase.nonce);
    this.#claims.get(slot.id)?.abort();
    this.#options.resources.cancel(slot.id);
  }

  abandonAll(): void {
    this.#queue.dropAll();
    for (const claim of this.#claims.values()) claim.abort();
  }

  isChild(nonce: string): boolean {
    return this.#children.has(nonce);
  }

  /** @returns a sentence that says why its start takes so long; null: it does not wait for anybody. */
  waitReasonOf(id: InstanceId): string | null {
    const because = this.#waitReasons.get(id);
    return because === undefined ? null : `It waits for its key: ${because}.`;
  }

  /** Its whole tree is gone: the key of a singleton is free. */
  releaseKey(id: InstanceId): void {
    this.#leases.get(id)?.release();
    this.#leases.delete(id);
  }

  #abandoned(start: PendingStart): void {
    this.#reportOutcome(start, { kind: 'startAbandoned' });
  }

  #failed(start: PendingStart, what: string, error: unknown): void {
    const exit = { spawnError: codeOf(error), detail: `${what}: ${errorText(error)}` };
    this.#reportOutcome(start, { kind: 'spawnFailed', exit, countsAsFailure: false });
  }

  /** The one outcome of a start. What comes to nothing after it was given up is nobody's failure. */
  #reportOutcome({ slot, nonce }: PendingStart, event: InstanceEvent): void {
    const isGivenUp = this.#abandonedNonces.delete(nonce);
    const isNothing = event.kind === 'spawnFailed' || event.kind === 'startRefused';
    this.#options.receive(slot.id, nonce, isGivenUp && isNothing ? { kind: 'startAbandoned' } : event);
  }

  /** The older holder's whole tree is dead before ours is spawned (I2); the key stays locked in between. */
  async #startSingleton(start: PendingStart): Promise<void> {
    const { slot, spec, nonce } = start;
    const abort = new AbortController();
    this.#claims.set(slot.id, abort);
    try {
      const request = { spec, policy: spec.singleton!, id: slot.id, nonce, root: this.#options.paths.root };
      const claim = await claimKey(request, abort.signal, (because) => this.#reportWaiting(slot.id, because));
      if (claim.outcome === 'abandoned') return this.#abandoned(start);
      if (claim.outcome === 'refused') return this.#reportOutcome(start, { kind: 'startRefused', by: claim.by });
      if (claim.outcome === 'adopt') return this.#adoptHolder(start, claim.process);
      await this.#spawnWithKey(start, claim.lease);
    } catch (error) {
      this.#failed(start, 'the singleton lock cannot be had', error);
    } finally {
      this.#claims.delete(slot.id);
      this.#waitReasons.delete(slot.id);
    }
  }

  /** Told again only when it is somebody else who has the key. */
  #reportWaiting(instance: InstanceId, because: string): void {
    if (this.#waitReasons.get(instance) === because) return;
    this.#waitReasons.set(instance, because);
    const message = `${instance} waits for its key: ${because}`;
    this.#options.report({ type: 'singleton_waits', instance, message, details: {} });
  }

  async #spawnWithKey(start: PendingStart, lease: Lease): Promise<void> {
    const { id } = start.slot;
    const incarnation = await this.#spawn(start);
    if (!incarnation) return lease.abandon();
    this.#leases.set(id, lease);
    await lease.commit(incarnation).catch((error) => this.#reportUnrecorded(id, error));
  }

  /** A full disk, say. It runs, and whoever claims the key finds it. */
  #reportUnrecorded(instance: InstanceId, error: unknown): void {
    const message = `${instance} holds its key, but the record could not be written: ${errorText(error)}`;
    this.#options.report({ type: 'singleton_not_recorded', instance, message, details: {} });
  }

  /** The key's holder goes on as it is and is ours from now on. */
  #adoptHolder(start: PendingStart, process: Incarnation): void {
    const { spec } = start;
    const sinceMs = this.#options.nowMs();
    const readiness = initialReadiness(spec);
    this.#reportOutcome(start, { kind: 'adopted', process, sinceMs, spec: slotSpecOf(spec), readiness });
  }

  async #spawn(start: PendingStart): Promise<Incarnation | null> {
    const { spec, nonce } = start;
    const result = await this.#spawnProcess(start);
    if (!result.ok) {
      const exit = { spawnError: result.errno, detail: result.detail };
      this.#reportOutcome(start, { kind: 'spawnFailed', exit, countsAsFailure: !result.transient });
      return null;
    }
    // Not reaped before the exit event, so its pid and start time are still its own even if it has ended.
    const process = (await identifyWithRetry(result.pid, nonce)) ?? {
      pid: result.pid,
      startTime: '0',
      bootId: '',
      nonce,
    };
    this.#children.add(nonce);
    this.#reportOutcome(start, { kind: 'spawned', process, readiness: initialReadiness(spec) });
    return process;
  }

  async #spawnProcess({ slot, spec, nonce }: PendingStart): Promise<SpawnResult> {
    try {
      const { resources: outfitter } = this.#options;
      const equipment = outfitter.isNeeded(spec) ? await outfitter.acquire(slot, spec) : NOTHING_NEEDED;
      if (!equipment.ok) return equipment;
      const { stdin, more } = equipment;
      const context = this.#options.launchContext();
      const secrets = declaresSecrets(spec) ? await readSecrets(spec, slot.index, context) : NO_SECRETS;
      if (secrets.missing) return secrets.missing;
      const prepared = this.#options.expectSignals(slot.id, nonce, spec);
      const extra = prepared === null ? {} : await prepared;
      if (this.#abandonedNonces.has(nonce)) return NOT_WANTED;
      const streams = this.#outputs.of(slot.id);
      const launch = this.#launch(slot, spec, nonce, { ...secrets.values, ...extra });
      const contain = this.#options.prepareMemoryLimit(spec, nonce) || spec.singleton !== null;
      const request = {
        ...launch,
        stdin,
        stdout: streams.out,
        stderr: streams.err,
        extraFds: more,
        inOwnCgroup: contain,
      } as const;
      const isJudged = spec.exitRecord || spec.limits.memory?.action === 'kill';
      const recorded = (exit: Exit): Exit => (isJudged ? (this.#options.records.take(nonce, exit) ?? exit) : exit);
      return await spawnInstance(request, (exit) => this.#exited(slot.id, nonce, recorded(exit)));
    } catch (error) {
      const errno = codeOf(error);
      return { ok: false, errno, detail: errorText(error), transient: isTransient(errno) };
    }
  }

  #launch(slot: Slot, spec: ServiceSpec, nonce: string, extra: Record<string, string>): InstanceLaunch {
    const program = launchOf(spec, slot.index, nonce, this.#options.launchContext(), extra);
    const held = spec.tty ? wrapInTty(program, terminalPath(this.#options.paths, slot.id)) : program;
    const launch = wrapInShell(held, spec);
    return spec.exitRecord && programExists(program) ? this.#options.records.withRecorder(launch, nonce) : launch;
  }

  #exited(id: InstanceId, nonce: string, exit: Exit): void {
    this.#children.delete(nonce);
    this.#options.receive(id, nonce, { kind: 'exited', exit });
  }
}

/** Waits where there is no descriptor left to look with: an instance whose start time is not known could not be kept. */
async function identifyWithRetry(pid: number, nonce: string): Promise<Incarnation | null> {
  for (;;) {
    try {
      return identify(pid, nonce);
    } catch {
      await sleep(IDENTIFY_RETRY_MS);
    }
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException)?.code ?? 'EUNKNOWN';
}
