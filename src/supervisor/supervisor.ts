// Puts the supervisor together: kernel, performer, log writer, configuration, API. Owns the process's life: from the lock
// to the last leftover. Decides nothing about services; that is the kernel's.
import { rmSync } from 'node:fs';
import { noncePrefix, type ProjectPaths, projectPaths } from '../api/paths.ts';
import type { Explanation, Leftover, Status } from '../api/protocol.ts';
import { withDependencies } from '../core/dependencies.ts';
import type { AcceptedConfig, InstanceId, LoadResult, ServiceSpec, Slot } from '../core/model.ts';
import { type LogWriterClient, startLogWriter } from '../logs/log-writer-client.ts';
import { systemClock } from '../os/clock.ts';
import { errorText } from '../os/errors.ts';
import { ensureStateDir } from '../os/private-dir.ts';
import { NotifyRelay } from '../os/sockets/notify-relay.ts';
import type { FirstMessage, SupervisorFault } from './adoption/restart-after-fault.ts';
import { StateWriter } from './adoption/state-writer.ts';
import { endUnknownProcesses, type Successor, takeOverRunning } from './adoption/take-over.ts';
import { selectServices } from './api/commands.ts';
import { explanationsOf } from './api/explanations.ts';
import { buildStatus, ResourceUsage } from './api/status.ts';
import type { Supervised } from './api/supervised.ts';
import { leftoverOf, type StuckSlot, untilDown } from './api/wait-until.ts';
import { type ConfigFollower, followConfig } from './config/config-follower.ts';
import { createConfigLoader } from './config/config-loader.ts';
import { inheritedEnvironment } from './instances/environment.ts';
import { ExitRecords, pollForLostExits } from './instances/exit-records.ts';
import { createInstanceProcesses, InstanceControllers, type InstanceProcesses } from './instances/instances.ts';
import { memoryNote } from './instances/memory-guard.ts';
import { Prober } from './instances/prober.ts';
import { ReadinessSignals } from './instances/readiness-signals.ts';
import { EventLog } from './kernel/event-log.ts';
import type { EventDraft } from './kernel/events.ts';
import { Kernel, occupiedSlots } from './kernel/kernel.ts';
import { KernelLoop } from './kernel/kernel-loop.ts';
import { newNonce } from './kernel/nonce.ts';

const DOWN_PROGRESS_MS = 250;
const WRITER_SHUTDOWN_MS = 5_000;
/** One that was just started holds the FIFOs by then. */
const WRITER_CONFIRM_MS = 2_000;

export type SupervisorOptions = {
  root: string;
  file: string;
  accepted: AcceptedConfig;
  only: string[] | null;
  /** False: the project is not ours any more. */
  mayStart(): boolean;
};

export class Supervisor implements Supervised {
  readonly kernel: Kernel;
  readonly events: EventLog;
  readonly writer: LogWriterClient;
  readonly paths: ProjectPaths;
  readonly clock = systemClock();
  #options: SupervisorOptions;
  /** Absolute. */
  #file: string;
  #instances: InstanceProcesses;
  #prober: Prober;
  #signals: ReadinessSignals;
  #relay: NotifyRelay;
  #state: StateWriter;
  #controllers: InstanceControllers;
  #records: ExitRecords;
  #usage = new ResourceUsage(() => this.kernel.slots.values());
  #follower: ConfigFollower | null = null;
  #loop: KernelLoop;
  #unkillable: Leftover[] = [];
  #isHandedOver = false;
  readonly #noncePrefix: string;

  /** Only under the project's lock. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#file = options.file;
    this.paths = projectPaths(options.root);
    ensureStateDir(this.paths);
    this.#noncePrefix = noncePrefix(options.root);
    this.events = new EventLog(this.paths.eventsFile);
    this.#state = new StateWriter(this.paths.stateFile, this.clock, (happening) => this.report(happening));
    this.writer = startLogWriter(this.paths, {
      onLost: (reason) =>
        this.report({
          type: 'log_writer_lost',
          instance: null,
          message: `The log writer was lost (${reason}); a new one is started, producers wait.`,
          details: {},
        }),
      onEvent: ({ type, instance, message, details }) => {
        const id = instance as InstanceId | null;
        if (id && type === 'line_matched')
          this.#signals.lineMatched(id, String(details.nonce), String(details.pattern));
        else if (id && type === 'stream_flooded')
          this.#instances.enlargePipe(id, details.stream === 'e' ? 'err' : 'out');
        else this.report({ type, instance: id, message, details });
      },
    });
    this.#relay = new NotifyRelay(this.paths.socketDir);
    this.#signals = new ReadinessSignals({
      writer: this.writer,
      relay: this.#relay,
      nowMs: () => this.clock.nowMs(),
      onSignal: (id) => this.#prober.nudge(id),
    });
    this.#loop = new KernelLoop({ clock: this.clock, step: () => this.#step(), poll: () => this.#poll() });
    this.kernel = new Kernel(this.#effects());
    const inherited = inheritedEnvironment(process.env);
    this.#controllers = new InstanceControllers({
      paths: this.paths,
      kernel: this.kernel,
      nowMs: () => this.clock.nowMs(),
      writer: this.writer,
      launchContext: () => ({ ...this.#identity(), inherited }),
      newNonce: () => newNonce(this.#noncePrefix, 'hook'),
      noncePrefix: this.#noncePrefix,
      report: (happening) => this.report(happening),
    });
    this.#records = new ExitRecords(this.paths.runDir, (nonce) => this.#controllers.memory.explainKill(nonce));
    this.#instances = createInstanceProcesses({
      mayStart: options.mayStart,
      paths: this.paths,
      writer: this.writer,
      nowMs: () => this.clock.nowMs(),
      resources: this.#controllers.resources,
      records: this.#records,
      launchContext: () => ({ ...this.#identity(), inherited }),
      specOf: (slot) => this.kernel.specOf(slot),
      newNonce: () => newNonce(this.#noncePrefix, 'probe'),
      prepareMemoryLimit: (spec, nonce) => this.#controllers.memory.prepare(spec, nonce),
      expectSignals: (id, nonce, spec) => this.#signals.expect(id, nonce, spec),
      isWritten: (queue, except) =>
        occupiedSlots(this.kernel).some((slot) => slot !== except && this.kernel.specOf(slot)?.logQueue === queue),
      forgotten: (id) => this.#signals.forget(id),
      receive: (id, nonce, event) => this.kernel.receive(id, nonce, event),
      report: (happening) => this.report(happening),
    });
    this.#prober = new Prober({
      nowMs: () => this.clock.nowMs(),
      launchContext: () => ({ ...this.#identity(), inherited }),
      newNonce: () => newNonce(this.#noncePrefix, 'probe'),
      receive: (id, nonce, event) => this.kernel.receive(id, nonce, event),
      signals: this.#signals,
    });
  }

  #effects(): ConstructorParameters<typeof Kernel>[0] {
    return {
      nowMs: () => this.clock.nowMs(),
      newNonce: (spec: ServiceSpec) => newNonce(this.#noncePrefix, spec.specHash),
      requestStep: () => this.#loop.requestStep(),
      wakeAt: (atMs) => this.#loop.wakeAt(atMs),
      save: (state) => this.#state.save(state),
      saveSoon: () => this.#state.saveSoon(() => this.kernel.state()),
      start: (slot, spec, nonce) => {
        if (!this.#loop.isFrozen) this.#instances.start(slot, spec, nonce);
      },
      stop: (slot) => this.#instances.stop(slot),
      drain: (slot) => this.#instances.drain(slot),
      escalate: (slot, signal) => this.#instances.escalate(slot, signal),
      kill: (slot) => this.#instances.kill(slot),
      clear: (slot) => this.#instances.clear(slot),
      abandon: (slot) => this.#instances.abandon(slot),
      forget: (slot) => this.#instances.forget(slot),
      report: (happening) => this.report(happening),
    };
  }

  /**
   * Takes over what an earlier supervisor left and applies the first configuration. Before anybody can ask for anything:
   * what is not adopted yet counts as missing and would be started a second time.
   */
  async takeOver(): Promise<void> {
    const { accepted, only } = this.#options;
    // A writer that was just started must know the queues before anybody is routed to them.
    this.#configureWriter(accepted);
    await takeOverRunning(this.#successor(), accepted);
    this.apply(accepted, only);
    await this.#resumeInputs();
  }

  #successor(): Successor {
    const { paths, clock, kernel } = this;
    const report = (happening: EventDraft): void => this.report(happening);
    const records = this.#records;
    return { paths, clock, kernel, noncePrefix: this.#noncePrefix, performer: this.#instances, records, report };
  }

  /** The log writer knows the queues by now. */
  async #resumeInputs(): Promise<void> {
    for (const slot of this.kernel.slots.values()) {
      const spec = slot.phase.kind === 'alive' ? this.kernel.specOf(slot) : null;
      if (spec)
        await this.#controllers.resources
          .resumeInput(slot, spec)
          .catch((error) => this.#reportLostInput(slot.id, error));
    }
  }

  #reportLostInput(instance: InstanceId, error: unknown): void {
    const message = `The input of ${instance} could not be opened: ${errorText(error)}`;
    this.report({ type: 'input_failed', instance, message, details: {} });
  }

  /** Begins to act. */
  begin(): void {
    this.#loop.begin();
  }

  /** Begins to watch the files. Apart from `start`, so that the first instances need not wait for the watcher. */
  watch(): void {
    const { accepted } = this.#options;
    this.#follower = followConfig({
      loader: createConfigLoader(() => ({
        file: this.#file,
        env: this.kernel.accepted!.config.env,
        environment: process.env,
      })),
      watched: accepted.watched,
      onLoaded: (result) => this.#configLoaded(result),
      onDegraded: (why) =>
        this.report({
          type: 'watch_degraded',
          instance: null,
          message: `File events are not to be had (${why}); the files are polled.`,
          details: {},
        }),
    });
  }

  /** @param only run just these and what they depend on; null leaves the overrides as they are. */
  apply(accepted: AcceptedConfig, only: string[] | null): void {
    // The writer learns of a queue before any instance is routed to it.
    this.#configureWriter(accepted);
    this.kernel.applyConfig(accepted);
    this.#controllers.configure(accepted.config.services);
    // Before the step that was just asked for starts anything: what is only due by an old schedule is not.
    this.#controllers.sync();
    this.#follower?.follow(accepted.watched);
    const queues = new Map(accepted.config.services.map(({ name, logQueue }) => [name as string, logQueue]));
    this.#instances.route((id) => queues.get(id.slice(0, id.lastIndexOf('.'))) ?? null);
    if (only && only.length > 0) {
      const chosen = withDependencies(only, this.kernel.desired.services);
      this.kernel.override(selectServices(this.kernel.overrides, this.kernel.desired.services.keys(), chosen));
    }
  }

  /** A client has loaded its configuration from this file: from now on it is the one that is read and watched. */
  setFile(file: string): void {
    this.#file = file;
  }

  get file(): string {
    return this.#file;
  }

  /** Reads the files now. */
  async reload(): Promise<LoadResult> {
    if (!this.#follower) this.watch();
    return await this.#follower!.reload();
  }

  #configLoaded(result: LoadResult): void {
    if (result.ok) this.apply(result.accepted, null);
    else this.kernel.rejectConfig(result.problems);
  }

  report(happening: EventDraft): void {
    this.events.record(happening, this.clock.nowMs());
    this.#controllers.follow(happening);
  }

  /** Called after each turn of the loop. @returns the function that ends the subscription. */
  onStep(listener: () => void): () => void {
    return this.#loop.onStep(listener);
  }

  #configureWriter({ config }: AcceptedConfig): void {
    const tell = (error: unknown): void => {
      const message = `Log queues could not be set up: ${errorText(error)}`;
      this.report({ type: 'log_queue_failed', instance: null, message, details: {} });
    };
    void this.writer.configure(config.logQueues).catch(tell);
  }

  async status(): Promise<Status> {
    const logQueues = await this.writer.stats().catch(() => []);
    return buildStatus({
      kernel: this.kernel,
      ...this.#identity(),
      root: this.paths.root,
      nowMs: this.clock.nowMs(),
      usage: this.#usage.sample(),
      supervisor: this.#usage.ofSupervisor(),
      waitReasonOf: (id) => this.#instances.waitReasonOf(id),
      memoryBoundOf: (slot) => this.#controllers.memory.statusOf(slot),
      logQueues,
    });
  }

  explain(name: string): Explanation[] {
    const notesOf = (slot: Slot): string[] => {
      const bound = this.#controllers.memory.statusOf(slot);
      return bound ? [memoryNote(bound)] : [];
    };
    const heldUpBy = (id: InstanceId) => this.#instances.waitReasonOf(id);
    return explanationsOf(this.kernel, name, this.clock.nowMs(), { waitReasonOf: heldUpBy, notesOf });
  }

  #identity(): { project: string; env: string | null; root: string } {
    const { project, env, root } = this.kernel.accepted!.config;
    return { project, env, root };
  }

  async down(timeoutMs: number | null, onProgress: () => void = () => undefined) {
    const stopped = occupiedSlots(this.kernel).length;
    this.kernel.shutDown();
    const progress = setInterval(onProgress, DOWN_PROGRESS_MS);
    await untilDown(this, timeoutMs);
    clearInterval(progress);
    return { stopped, leftovers: await this.#finish() };
  }

  /**
   * Ends what is left after the kernel stopped everything: escaped processes, the log writer, our files.
   * @returns what could not be ended.
   */
  async #finish(): Promise<Leftover[]> {
    this.#loop.stopPolling();
    this.#prober.stop();
    await this.#follower?.close();
    await this.#relay.close();
    await this.#controllers.close();
    const strays = await endUnknownProcesses(this.#noncePrefix);
    const leftovers = [
      ...this.#unkillable,
      ...strays.filter(({ pid }) => !this.#unkillable.some((one) => one.pid === pid)),
    ];
    // Nobody is left to read.
    for (const { name, sink } of this.kernel.accepted?.config.logQueues ?? []) {
      if (sink) void this.writer.closeSink(name, sink, 0);
    }
    await this.writer.shutdown(WRITER_SHUTDOWN_MS).catch(() => undefined); // it is gone, which was the aim
    await this.#state.close();
    this.#loop.freeze();
    await this.events.flush();
    if (leftovers.length === 0) {
      this.#controllers.releaseCgroups();
      rmSync(this.paths.stateFile, { force: true });
      rmSync(this.paths.fifoDir, { recursive: true, force: true });
      this.#records.clear();
    }
    return leftovers;
  }

  /** They cannot be ended. What is remembered of them stays on disk, so that the next supervisor knows that they live. */
  async giveUpOn(stuck: readonly StuckSlot[]): Promise<void> {
    this.#unkillable.push(...stuck.map(leftoverOf));
    await this.#state.save(this.kernel.state());
    await this.#state.close();
    for (const { id, phase } of stuck) {
      const { nonce } = phase.process;
      this.kernel.receive(id, nonce, { kind: 'exited', exit: { unknown: true } });
      this.kernel.receive(id, nonce, { kind: 'emptied' });
    }
  }

  /** Stops supervising; what runs is not touched, and nothing more is done or saved. */
  freeze(): void {
    this.#loop.freeze();
    this.#prober.stop();
    this.#instances.abandonStarts();
  }

  /**
   * Leaves everything to the next supervisor, which may be of another version: what runs goes on, its output waits in the
   * FIFOs. The caller has only to leave.
   *
   * @returns false where everything is to stop: then nobody is to come, and all goes on as before; or it was asked for twice.
   */
  async handOver(): Promise<boolean> {
    // The writer goes on, and the next supervisor meets it: whatever ends until then is read while somebody holds its FIFO.
    if (!this.kernel.desired.shuttingDown) await this.writer.whenUpToDate(WRITER_CONFIRM_MS);
    if (this.kernel.desired.shuttingDown || this.#isHandedOver) return false;
    this.#isHandedOver = true;
    this.writer.close();
    await this.#relay.handOver();
    this.freeze();
    await this.#follower?.close();
    await this.#state.save(this.kernel.state());
    await this.#state.close();
    await this.events.flush();
    return true;
  }

  /** The next supervisor is to have it: nothing is stopped here any more. */
  get isHandedOver(): boolean {
    return this.#isHandedOver;
  }

  /** What a successor is told: to go on, or to stop the rest of what was being stopped. */
  successorMessage(): FirstMessage {
    const { accepted, desired } = this.kernel;
    return {
      accepted: desired.shuttingDown ? null : (accepted ?? this.#options.accepted),
      only: null,
      file: this.#file,
    };
  }

  reportFaults(faults: readonly SupervisorFault[]): void {
    const last = faults.at(-1);
    if (!last) return;
    const message = `The supervisor had a fault (${last.message}) and was replaced by a new one; supervisor.log has more.`;
    this.report({ type: 'supervisor_replaced', instance: null, message, details: { faults: faults.length } });
  }

  /** Our files were deleted: writes them again. */
  saveAll(): void {
    this.#state.saveSoon(() => this.kernel.state());
  }

  isEmpty(): boolean {
    return occupiedSlots(this.kernel).length === 0;
  }

  #step(): void {
    this.kernel.step();
    this.#controllers.sync();
    this.#prober.sync(this.kernel.slots, (slot) => this.kernel.specOf(slot));
    this.#usage.trimSoon();
  }

  #poll(): number {
    this.#controllers.sync();
    return pollForLostExits(this.kernel, this.#records, this.clock.nowMs());
  }
}
