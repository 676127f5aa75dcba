// From the intent of a start to a process: start queue, singleton key, resources, spawn, identity. Sends one outcome to the
// kernel; decides nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import { terminalPath } from '../../api/paths.ts';
import type { InstanceEvent } from '../../core/instance-event.ts';
import { initialReadiness } from '../../core/readiness.ts';
import { type Exit, type Incarnation, type Slot, slotSpecOf } from '../../core/slot.ts';
import type { InstanceId, ServiceSpec } from '../../core/spec.ts';
import {
  declaresSecrets,
  type InstanceLaunch,
  launchCommand,
  NO_SECRETS,
  readSecrets,
  type Secrets,
} from '../../launch/environment.ts';
import { ownerOf, whyRefused } from '../../launch/run-as.ts';
import { programExists, wrapInShell, wrapInTty } from '../../launch/wrapper.ts';
import { errorText } from '../../os/errors.ts';
import { giveFifo } from '../../os/fifo.ts';
import { identify } from '../../os/process/identity.ts';
import { variableOf } from '../../os/process/shown-by-proc.ts';
import type { Lease } from '../../os/singleton/claim-singleton.ts';
import { isTransient, type SpawnResult, spawnInstance } from '../../os/spawn/spawn.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import type { EarlierListeners } from './earlier-listeners.ts';
import type { ExitRecords } from './exit-records.ts';
import { type IpcChannels, ipcVariables } from './ipc-channels.ts';
import type { MemoryGuard } from './memory-guard.ts';
import type { OutputFifos } from './outputs.ts';
import { usesPorts } from './own-answers.ts';
import type { ReadinessSignals } from './readiness-signals.ts';
import { claimKey } from './singleton-claims.ts';
import { type PendingStart, StartQueue, type StartQueueOptions } from './start-queue.ts';
import { type AcquiredResources, NOTHING_NEEDED, type StartResources } from './start-resources.ts';

export type StartParts = {
  outputs: OutputFifos;
  resources: StartResources;
  records: ExitRecords;
  signals: ReadinessSignals;
  channels: IpcChannels;
  memory: MemoryGuard;
  earlier: EarlierListeners;
  /** False: another supervisor has the project, or may have; its instances must not be started twice. */
  mayStart(): boolean;
  onBatch: StartQueueOptions['onBatch'];
};

/** Pause between attempts to identify a process while no descriptor is left to look with. */
const IDENTIFY_RETRY_MS = 50;

const NOT_WANTED: SpawnResult = { ok: false, errno: 'ECANCELED', detail: 'not wanted any more', transient: true };

/** Does not count as a failure of the service: the start is repeated as soon as the directory is there again. */
const PROJECT_REPLACED = {
  spawnError: 'ESTALE',
  detail: "the project's directory was replaced by another one; `orch up` there takes over",
};

export class InstanceStarts {
  #context: SupervisorContext;
  #parts: StartParts;
  #queue: StartQueue;
  /** Nonces of direct children whose exit has not been reported. */
  #children = new Set<string>();
  /** Singleton keys that instances hold, and claims under way. */
  #leases = new Map<InstanceId, Lease>();
  #claims = new Map<InstanceId, AbortController>();
  /** Starts that read their secrets. */
  #reading = new Map<InstanceId, AbortController>();
  /** Nonces of starts that were given up and whose outcome has not been reported. */
  #abandonedNonces = new Set<string>();
  /** Of claims that wait: a clause that names the holder of the key. */
  #waitReasons = new Map<InstanceId, string>();

  constructor(context: SupervisorContext, parts: StartParts) {
    this.#context = context;
    this.#parts = parts;
    this.#queue = new StartQueue(parts.outputs, {
      begin: (start) => void (start.spec.singleton ? this.#startSingleton(start) : this.#spawn(start)),
      fail: (start, error) => this.#failed(start, 'its output cannot be captured', error),
      abandon: (start) => this.#abandoned(start),
      onBatch: parts.onBatch,
    });
  }

  start(slot: Slot, spec: ServiceSpec, nonce: string): void {
    const start = { slot, spec, nonce };
    // Given up while its intent was being saved.
    if (this.#abandonedNonces.has(nonce)) this.#abandoned(start);
    else if (this.#parts.mayStart()) this.#queue.add(start);
    else this.#reportOutcome(start, { kind: 'spawnFailed', exit: PROJECT_REPLACED, countsAsFailure: false });
  }

  /** Gives a start up as far as it has not begun; a process that is being spawned is reported as running. */
  abandon(slot: Slot): void {
    if (slot.phase.kind !== 'starting') return;
    this.#abandonedNonces.add(slot.phase.nonce);
    this.#queue.drop(slot.phase.nonce);
    this.#claims.get(slot.id)?.abort();
    this.#reading.get(slot.id)?.abort();
    this.#parts.resources.cancel(slot.id);
  }

  abandonAll(): void {
    this.#queue.dropAll();
    for (const pending of [...this.#claims.values(), ...this.#reading.values()]) pending.abort();
  }

  isChild(nonce: string): boolean {
    return this.#children.has(nonce);
  }

  /** @returns a sentence that says why its start takes so long; null: it waits neither for a key nor for secrets. */
  waitReasonOf(id: InstanceId): string | null {
    if (this.#reading.has(id)) return 'It waits for its secrets.';
    const because = this.#waitReasons.get(id);
    return because === undefined ? null : `It waits for its key: ${because}.`;
  }

  /** The whole tree of the instance is gone: frees its singleton key. */
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

  /** The one outcome of a start. A start that fails after it was given up does not count as a failure. */
  #reportOutcome({ slot, nonce }: PendingStart, event: InstanceEvent): void {
    const isGivenUp = this.#abandonedNonces.delete(nonce);
    const isNothing = event.kind === 'spawnFailed' || event.kind === 'startRefused';
    this.#context.inbox.receive(slot.id, nonce, isGivenUp && isNothing ? { kind: 'startAbandoned' } : event);
  }

  /** The older holder's whole tree is dead before ours is spawned (I2); the key stays locked in between. */
  async #startSingleton(start: PendingStart): Promise<void> {
    const { slot, spec, nonce } = start;
    const abort = new AbortController();
    this.#claims.set(slot.id, abort);
    try {
      const request = { spec, policy: spec.singleton!, id: slot.id, nonce, paths: this.#context.paths };
      const claim = await claimKey(request, abort.signal, (because) => this.#reportWaiting(slot.id, because));
      if (claim.outcome === 'abandoned') return this.#abandoned(start);
      if (claim.outcome === 'refused') return this.#reportOutcome(start, { kind: 'startRefused', by: claim.by });
      if (claim.outcome === 'adopt') return this.#adoptHolder(start, claim.process);
      await this.#spawnWithKey(start, claim.lease);
    } catch (error) {
      this.#failed(start, 'cannot take the singleton lock', error);
    } finally {
      this.#claims.delete(slot.id);
      this.#waitReasons.delete(slot.id);
    }
  }

  /** Reports again only when another process has the key. */
  #reportWaiting(instance: InstanceId, because: string): void {
    if (this.#waitReasons.get(instance) === because) return;
    this.#waitReasons.set(instance, because);
    const message = `${instance} waits for its key: ${because}`;
    this.#context.journal.report({ type: 'singleton_waits', instance, message });
  }

  async #spawnWithKey(start: PendingStart, lease: Lease): Promise<void> {
    const { id } = start.slot;
    const incarnation = await this.#spawn(start);
    if (!incarnation) return lease.abandon();
    this.#leases.set(id, lease);
    await lease.commit(incarnation).catch((error) => this.#reportUnrecorded(id, error));
  }

  /** A full disk, for example. The instance runs, and another claim of the key still finds it. */
  #reportUnrecorded(instance: InstanceId, error: unknown): void {
    const message = `${instance} holds its key, but the record could not be written: ${errorText(error)}`;
    this.#context.journal.report({ type: 'singleton_not_recorded', instance, message });
  }

  /** The holder of the key keeps running and belongs to this project from now on. */
  #adoptHolder(start: PendingStart, process: Incarnation): void {
    const { spec } = start;
    const sinceMs = this.#context.clock.nowMs();
    const readiness = initialReadiness(spec);
    const port = spec.port === 'auto' ? variableOf(process.pid, 'PORT') : undefined;
    const adopted = { ...slotSpecOf(spec), ...(port !== undefined && { ports: { PORT: port } }) };
    this.#reportOutcome(start, { kind: 'adopted', process, sinceMs, spec: adopted, readiness });
  }

  async #spawn(start: PendingStart): Promise<Incarnation | null> {
    const { spec, nonce } = start;
    const result = await this.#spawnProcess(start);
    if (!result.ok) {
      const exit = { spawnError: result.errno, detail: result.detail };
      this.#reportOutcome(start, { kind: 'spawnFailed', exit, countsAsFailure: !result.transient });
      return null;
    }
    // The process is not reaped before the exit event: its pid and start time are its own even if it has exited.
    const { pid } = result;
    const process = (await identifyWithRetry(pid, nonce)) ?? { pid, startTime: '0', bootId: '', nonce };
    this.#children.add(nonce);
    this.#reportOutcome(start, { kind: 'spawned', process, readiness: initialReadiness(spec) });
    return process;
  }

  async #spawnProcess(start: PendingStart): Promise<SpawnResult> {
    const { slot, spec, nonce } = start;
    try {
      const { resources, signals, channels, earlier } = this.#parts;
      if (usesPorts(spec)) earlier.note(slot.id, nonce);
      const refused = whyRefused(spec);
      if (refused !== null) return { ok: false, errno: 'EPERM', detail: refused, transient: false };
      const acquired = resources.isNeeded(spec) ? await resources.acquire(slot, spec) : NOTHING_NEEDED;
      if (!acquired.ok) return acquired;
      const { stdin, more } = acquired;
      const secrets = declaresSecrets(spec) ? await this.#readSecrets(slot, spec) : NO_SECRETS;
      if (secrets.missing) return secrets.missing.errno === 'ECANCELED' ? NOT_WANTED : secrets.missing;
      const expected = signals.expect(slot.id, nonce, spec);
      const extra = expected === null ? {} : await expected;
      const opened = channels.open(slot.id, nonce, spec);
      const channel = opened && (await opened);
      try {
        if (this.#abandonedNonces.has(nonce)) return NOT_WANTED;
        const variables = { ...secrets.values, ...extra, ...(channel && ipcVariables(more.length)) };
        return await this.#spawnWith({ stdin, more: channel ? [...more, channel.fd] : more }, start, variables);
      } finally {
        channel?.close();
      }
    } catch (error) {
      const errno = codeOf(error);
      return { ok: false, errno, detail: errorText(error), transient: isTransient(errno) };
    }
  }

  #spawnWith(
    { stdin, more }: Pick<AcquiredResources, 'stdin' | 'more'>,
    { slot, spec, nonce }: PendingStart,
    variables: Record<string, string>,
  ): Promise<SpawnResult> {
    const { outputs, records, memory } = this.#parts;
    const { out, err } = outputs.of(slot.id);
    const owner = ownerOf(spec);
    for (const fd of [out, err, stdin]) if (fd !== 'ignore') giveFifo(fd, owner);
    const launch = this.#launch(slot, spec, nonce, variables);
    const inOwnCgroup = memory.prepare(spec, nonce) || spec.singleton !== null;
    const request = { ...launch, stdin, stdout: out, stderr: err, extraFds: more, inOwnCgroup } as const;
    const isJudged = spec.exitRecord || spec.limits.memory?.action === 'kill';
    const recorded = (exit: Exit): Exit => (isJudged ? (records.take(nonce, exit) ?? exit) : exit);
    return spawnInstance(request, (exit) => this.#exited(slot.id, nonce, recorded(exit)));
  }

  /** A program that prints a secret is not the instance: its mark is that of a hook. */
  async #readSecrets({ id, index }: Slot, spec: ServiceSpec): Promise<Secrets> {
    const abort = new AbortController();
    this.#reading.set(id, abort);
    try {
      const extra = { ORCH_NONCE: this.#context.nonces.forHook() };
      return await readSecrets(spec, index, this.#context.launchContext(id), { extra, signal: abort.signal });
    } finally {
      this.#reading.delete(id);
    }
  }

  #launch(slot: Slot, spec: ServiceSpec, nonce: string, extra: Record<string, string>): InstanceLaunch {
    const variables = { ...extra, ORCH_NONCE: nonce };
    const program = launchCommand(spec, slot.index, spec.command, variables, this.#context.launchContext(slot.id));
    const inTty = spec.tty ? wrapInTty(program, spec, terminalPath(this.#context.paths, slot.id)) : program;
    const launch = wrapInShell(inTty, spec);
    return spec.exitRecord && programExists(program) ? this.#parts.records.withRecorder(launch, nonce) : launch;
  }

  #exited(id: InstanceId, nonce: string, exit: Exit): void {
    this.#children.delete(nonce);
    this.#context.inbox.receive(id, nonce, { kind: 'exited', exit });
  }
}

/** Waits while no descriptor is left: an instance whose start time is not known could not be adopted later. */
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
