// Puts the supervisor together: kernel, instances, log writer, configuration. Owns the life of the process, from the lock to
// the last leftover. Decides nothing about services: the kernel does.

import { rmSync } from 'node:fs';
import type { ProjectPaths } from '../api/paths.ts';
import type { Explanation, Leftover, Status } from '../api/protocol.ts';
import type { AppliedBy } from '../api/protocol-edits.ts';
import type { AcceptedConfig } from '../core/load-result.ts';
import type { EndingSlot, Incarnation, Slot } from '../core/slot.ts';
import { type LogWriterClient, startLogWriter } from '../logs/log-writer-client.ts';
import { systemClock } from '../os/clock.ts';
import { ensureStateDir } from '../os/private-dir.ts';
import { FreePorts } from '../os/sockets/free-ports.ts';
import { keepPorts } from './adoption/kept-ports.ts';
import { type FirstMessage, startOfSuccessor } from './adoption/restart-after-fault.ts';
import { StateWriter } from './adoption/state-writer.ts';
import { endUnknownProcesses, takeOverRunning } from './adoption/take-over.ts';
import { addServices, beginSelection } from './api/commands.ts';
import { explanationsOf } from './api/explanations.ts';
import { buildStatus, ResourceUsage } from './api/status.ts';
import type { Supervised } from './api/supervised.ts';
import { leftoverOf, untilDown } from './api/wait-until.ts';
import { CommitFollower } from './config/commit-follower.ts';
import { createConfigLoader } from './config/config-loader.ts';
import { Edits } from './config/edits.ts';
import { Generations, type KeptConfigs } from './config/generations.ts';
import { RefFollowing } from './follow/ref-following.ts';
import { AppliedVariables } from './instances/applied-variables.ts';
import { Instances } from './instances/instances.ts';
import { launchContexts } from './instances/launch-contexts.ts';
import { configureQueues } from './instances/log-queue-faults.ts';
import { EventLog } from './kernel/event-log.ts';
import { type Effects, Kernel, occupiedSlots } from './kernel/kernel.ts';
import { KernelLoop } from './kernel/kernel-loop.ts';
import { Nonces } from './kernel/nonce.ts';
import type { SupervisorContext } from './kernel/supervisor-context.ts';

const DOWN_PROGRESS_MS = 250;
const WRITER_SHUTDOWN_MS = 5_000;
/** By then, a writer that was just started has the FIFOs open. */
const WRITER_CONFIRM_MS = 2_000;

export type SupervisorOptions = {
  paths: ProjectPaths;
  file: string;
  marks: readonly string[]; // see `Nonces`
  accepted: AcceptedConfig;
  only: string[] | null;
  by: AppliedBy; // the first generation
  earlier: KeptConfigs;
  /** False: the project has another owner by now. `onProjectEnd`: a service has ended it, `down` is due. */
  mayStart(): boolean;
  onProjectEnd(): void;
};

export class Supervisor implements Supervised {
  readonly kernel: Kernel;
  readonly events: EventLog;
  readonly writer: LogWriterClient;
  readonly paths: ProjectPaths;
  readonly clock = systemClock();
  file: string;
  readonly variables: AppliedVariables;
  #options: SupervisorOptions;
  #context: SupervisorContext;
  #instances: Instances;
  #state: StateWriter;
  #loop: KernelLoop;
  #usage = new ResourceUsage(() => this.kernel.slots.values());
  readonly edits: Edits;
  readonly following: RefFollowing;
  #commits: CommitFollower;
  readonly generations: Generations;
  #unkillable: Leftover[] = [];
  isHandedOver = false;
  #finishing: Promise<Leftover[]> | null = null;

  /** Only under the project's lock. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.file = options.file;
    this.paths = options.paths;
    const { paths, clock } = this;
    this.variables = new AppliedVariables(process.env, paths.movedStateDir);
    ensureStateDir(paths);
    const nonces = new Nonces(options.marks);
    this.events = new EventLog(paths.eventsFile, clock);
    this.#state = new StateWriter(paths.stateFile, clock, this.events, () => {
      return { ...this.edits.state, follow: this.following.state };
    });
    this.writer = startLogWriter(paths, {
      onLost: (reason) => this.#instances.writerLost(reason),
      onEvent: (event) => this.#instances.writerReported(event),
    });
    this.#loop = new KernelLoop({ clock, step: () => this.#step(), poll: () => this.#instances.poll() });
    this.kernel = new Kernel(this.#effects(nonces));
    const { kernel, events: journal } = this;
    const launchContext = launchContexts(kernel, this.variables);
    this.#context = { paths, clock, inbox: kernel, specs: kernel, journal, nonces, launchContext };
    this.#instances = new Instances(this.#context, this.writer, options.mayStart);
    const fileNow = () => this.file;
    this.generations = new Generations(this.#context, { fileNow, earlier: options.earlier });
    this.edits = new Edits({
      ...{ kernel, clock, journal, fileNow, save: () => this.save() },
      createLoader: () => createConfigLoader(() => this.#loadOptions()),
      apply: (accepted, by) => this.apply(accepted, null, by),
      onPause: (isPaused) => this.#instances.pauseWatches(isPaused),
    });
    this.following = new RefFollowing(this);
    this.#commits = new CommitFollower({ kernel, journal, fileNow });
    this.events.subscribe((event) => this.#instances.hooks.runAfter(event));
  }

  /** Reads `#instances` late: they need the kernel, and the kernel acts only after `begin`. A plain object for the simulation. */
  #effects(nonces: Nonces): Effects {
    return {
      nowMs: () => this.clock.nowMs(),
      newNonce: ({ specHash }) => nonces.forInstance(specHash),
      ports: new FreePorts(nonces.prefix),
      requestStep: () => this.#loop.requestStep(),
      wakeAt: (atMs) => this.#loop.wakeAt(atMs),
      save: (state) => this.#state.save(state),
      saveSoon: () => this.saveSoon(),
      start: (slot, spec, nonce) => {
        if (!this.#loop.isFrozen) this.#instances.start(slot, spec, nonce);
      },
      stop: (slot) => this.#instances.stopSteps.stop(slot),
      drain: (slot) => this.#instances.stopSteps.drain(slot),
      escalate: (slot, signal) => this.#instances.stopSteps.signal(slot, signal),
      kill: (slot) => this.#instances.kill(slot),
      clear: (slot) => this.#instances.clear(slot),
      abandon: (slot) => this.#instances.abandon(slot),
      forget: (slot) => this.#instances.forget(slot),
      hasEnded: (slot) => this.#instances.hasEnded(slot),
      endProject: () => this.#options.onProjectEnd(),
      report: (draft) => this.events.report(draft),
    };
  }

  /**
   * Adopts what an earlier supervisor left running and applies the first configuration. Before the API listens: a process that
   * is not adopted yet counts as missing and would be started a second time.
   */
  async takeOver(): Promise<void> {
    const { accepted, only, by } = this.#options;
    const last = await this.generations.load();
    // A new log writer must know the queues before an instance is routed to them.
    configureQueues(this.writer, accepted.config, this.events);
    const edits = await takeOverRunning(this.#context, this.kernel, this.#instances, accepted, last);
    this.edits.restore(edits);
    this.following.restore(edits.follow ?? null);
    if (this.isEmpty()) beginSelection(this.kernel, only);
    this.apply(accepted, only, by);
    await this.#instances.resumeInputs();
  }

  begin = (): void => this.#loop.begin();

  /** Begins to watch the files. Apart from `begin`, so that the first instances do not wait for the watcher. */
  watch = (): void => this.edits.watch(this.#options.accepted.watched);

  #loadOptions() {
    const { file, kernel, paths, variables } = this;
    return { file, stateDir: paths.movedStateDir, env: kernel.accepted!.config.env, environment: variables.all };
  }

  apply(accepted: AcceptedConfig, only: string[] | null, by: AppliedBy): void {
    const summarize = this.edits.summaryOf(accepted);
    // The writer knows a queue before an instance is routed to it.
    configureQueues(this.writer, accepted.config, this.events);
    this.kernel.applyConfig(accepted);
    this.generations.note(this.kernel.generation, { by, accepted, summarize, to: this.edits.state.rollback?.to });
    this.#instances.configure(accepted.config);
    this.edits.follow(accepted.watched, by);
    this.#commits.applied();
    if (this.edits.isWatching) this.guard();
    if (only) addServices(this.kernel, only);
  }

  onStep = (listener: () => void): (() => void) => this.#loop.onStep(listener);

  async status(onlyKnown = false): Promise<Status> {
    const stats = onlyKnown ? this.writer.lastStats : this.writer.stats().catch(() => []);
    const [logQueues] = await Promise.all([stats, onlyKnown || this.#commits.catchUp()]);
    const [{ kernel }, commit, follow] = [this, this.#commits.commit, this.following.status];
    return buildStatus({
      ...{ kernel, logQueues, instances: this.#instances, nowMs: this.clock.nowMs() },
      usage: this.#usage.sample(),
      supervisor: this.#usage.ofSupervisor(),
      config: { ...(commit && { commit }), ...this.edits.status, ...(follow && { follow }) },
    });
  }

  logFaultOf = (queue: string): string | null => this.#instances.logFaults.of(queue);
  probesOf = (id: Slot['id']) => this.#instances.probesOf(id);
  explain = (name: string): Explanation[] =>
    explanationsOf(this.kernel, this.#instances, name, this.clock.nowMs(), this);

  async down(timeoutMs: number | null, onProgress: () => void = () => undefined) {
    const stopped = occupiedSlots(this.kernel).length;
    this.kernel.shutDown();
    this.writer.guard(null);
    const progress = setInterval(onProgress, DOWN_PROGRESS_MS);
    await untilDown(this, timeoutMs);
    clearInterval(progress);
    this.#finishing ??= this.#finish();
    return { stopped, leftovers: await this.#finishing };
  }

  /** Once, for all calls of `down`: ends escaped processes and the log writer, removes our files.
   * @returns the processes that could not be ended. */
  async #finish(): Promise<Leftover[]> {
    this.#loop.stopPolling();
    this.#commits.close();
    await this.following.close();
    await this.edits.close();
    await this.#instances.close();
    const unknown = await endUnknownProcesses(this.#context.nonces.prefixes);
    const given = new Set(this.#unkillable.map(({ pid }) => pid));
    const leftovers = [...this.#unkillable, ...unknown.filter(({ pid }) => !given.has(pid))];
    // No reader of a sink is left.
    for (const { name, sink } of this.kernel.accepted?.config.logQueues ?? []) {
      if (sink) void this.writer.closeSink(name, sink, 0);
    }
    await this.writer.shutdown(WRITER_SHUTDOWN_MS).catch(() => undefined); // it is gone, which was the aim
    await this.#state.close();
    this.#loop.freeze();
    await keepPorts(this.paths.portsFile, this.kernel.state());
    await this.events.flush();
    if (leftovers.length === 0) {
      this.#instances.cleanUp();
      rmSync(this.paths.stateFile, { force: true });
      rmSync(this.paths.fifoDir, { recursive: true, force: true });
    }
    return leftovers;
  }

  async giveUpOn(stuck: readonly EndingSlot[]): Promise<void> {
    this.#unkillable.push(...stuck.map(leftoverOf));
    // Saved as they are now, so that the next supervisor knows that they live.
    await this.#state.save(this.kernel.state());
    await this.#state.close();
    for (const { id, phase } of stuck) {
      const { nonce } = phase.process;
      this.kernel.receive(id, nonce, { kind: 'exited', exit: { unknown: true } });
      this.kernel.receive(id, nonce, { kind: 'emptied' });
    }
  }

  /** Stops supervising: running instances are not touched, nothing more is done or saved. It may stay guarded: see `guard`. */
  freeze({ staysGuarded = false } = {}): void {
    if (!staysGuarded) this.writer.guard(null);
    this.#commits.close();
    this.generations.freeze();
    this.#loop.freeze();
    this.#instances.freeze();
  }

  /**
   * Leaves everything to the next supervisor, which may be of another version: instances keep running, their output waits in
   * the FIFOs. Afterwards the caller only has to exit. If this returns false, nothing has changed.
   */
  async handOver(): Promise<boolean> {
    // The writer keeps running for the next supervisor; until then, every FIFO must have a reader.
    if (!this.kernel.desired.shuttingDown) await this.writer.whenUpToDate(WRITER_CONFIRM_MS);
    if (this.kernel.desired.shuttingDown || this.isHandedOver) return false;
    this.isHandedOver = true;
    await this.following.close();
    this.writer.close();
    await this.#instances.handOver();
    this.freeze();
    await this.edits.close();
    await this.#state.save(this.kernel.state());
    await this.#state.close();
    await this.events.flush();
    return true;
  }

  /** For a successor after a fault: continue, or stop the rest of what was being stopped. */
  successorMessage(): FirstMessage {
    const next = this.kernel.desired.shuttingDown ? null : (this.kernel.accepted ?? this.#options.accepted);
    return { accepted: next, only: null, file: this.file, earlier: this.generations.kept };
  }

  /** If this process is killed, the log writer starts the next one. Call before the first `up` is answered. */
  guard = () => this.writer.guard(startOfSuccessor(this.paths.root, this.variables.all, this.successorMessage()));

  save = (): Promise<void> => this.#state.save(this.kernel.state());
  saveSoon = (): void => this.#state.saveSoon(() => this.kernel.state());
  isFrozen = (): boolean => this.#loop.isFrozen;
  isEmpty = (): boolean => occupiedSlots(this.kernel).length === 0;
  reloadProgram = (id: Slot['id']) => this.#instances.reloads.reloadById(id);
  signal = (process: Incarnation, name: string) => this.#instances.stopSteps.signalProgram(process, name);

  #step(): void {
    this.kernel.step();
    this.#instances.afterStep();
    this.#usage.trimSoon();
  }
}
