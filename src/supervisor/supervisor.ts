// Puts the supervisor together: kernel, performer, log writer, configuration, API. Owns the process's life: from the lock
// to the last leftover. Decides nothing about services; that is the kernel's.
import { rmSync } from 'node:fs';
import { noncePrefix, type ProjectPaths, projectPaths } from '../api/paths.ts';
import type { Explanation, Status } from '../api/protocol.ts';
import { withDependencies } from '../core/dependencies.ts';
import type { AcceptedConfig, InstanceId, LoadResult, ServiceSpec, Slot } from '../core/model.ts';
import { type LogWriterClient, startLogWriter } from '../logs/client.ts';
import { systemClock } from '../runtime/clock.ts';
import { ensureStateDir } from '../runtime/secure-dir.ts';
import { NotifyRelay } from '../runtime/sockets/notify-relay.ts';
import { selectServices } from './api/commands.ts';
import { explanationsOf } from './api/explanations.ts';
import { Figures } from './api/figures.ts';
import { buildStatus } from './api/status.ts';
import { leftoverOf } from './api/until.ts';
import { Companions } from './companions/companions.ts';
import { memoryNote } from './companions/memory-guard.ts';
import { Prober } from './companions/prober.ts';
import { Signs } from './companions/signs.ts';
import { type ConfigFollower, followConfig } from './configuration/config-follower.ts';
import { createConfigLoader } from './configuration/config-loader.ts';
import { errorText } from './error-text.ts';
import { EventLog } from './event-log.ts';
import type { Happening } from './happenings.ts';
import { Kernel, occupiedSlots } from './kernel.ts';
import { lookForLostExits } from './lost-exits.ts';
import { newNonce } from './nonce.ts';
import { ExitRecords } from './perform/exit-record.ts';
import { inheritedEnvironment } from './perform/launch.ts';
import { createPerformer, type Performer } from './perform/perform.ts';
import { StateKeeper } from './state/state-keeper.ts';
import type { Fault, FirstMessage } from './succession/first-message.ts';
import { endStrays, type Leftover } from './succession/strays.ts';
import { type Heir, takeOverRunning } from './succession/take-over.ts';
import { Turns } from './turns.ts';

const WRITER_SHUTDOWN_MS = 5_000;
/** One that was just started holds the FIFOs by then. */
const WRITER_TOLD_MS = 2_000;

export type SupervisorOptions = {
  root: string;
  file: string;
  accepted: AcceptedConfig;
  only: string[] | null;
  /** False: the project is not ours any more. */
  mayStart(): boolean;
};

export class Supervisor {
  readonly kernel: Kernel;
  readonly events: EventLog;
  readonly writer: LogWriterClient;
  readonly paths: ProjectPaths;
  readonly clock = systemClock();
  #options: SupervisorOptions;
  /** Absolute. */
  #file: string;
  #performer: Performer;
  #prober: Prober;
  #signs: Signs;
  #relay: NotifyRelay;
  #state: StateKeeper;
  #companions: Companions;
  #records: ExitRecords;
  #figures = new Figures(() => this.kernel.slots.values());
  #follower: ConfigFollower | null = null;
  #turns: Turns;
  #givenUp: Leftover[] = [];
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
    this.#state = new StateKeeper(this.paths.stateFile, this.clock, (happening) => this.report(happening));
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
        if (id && type === 'line_matched') this.#signs.lineMatched(id, String(details.nonce), String(details.pattern));
        else if (id && type === 'stream_flooded') this.#performer.widen(id, details.stream === 'e' ? 'err' : 'out');
        else this.report({ type, instance: id, message, details });
      },
    });
    this.#relay = new NotifyRelay(this.paths.socketDir);
    this.#signs = new Signs({
      writer: this.writer,
      relay: this.#relay,
      nowMs: () => this.clock.nowMs(),
      onSign: (id) => this.#prober.nudge(id),
    });
    this.#turns = new Turns({ clock: this.clock, turn: () => this.#turn(), look: () => this.#look() });
    this.kernel = new Kernel(this.#effects());
    const inherited = inheritedEnvironment(process.env);
    this.#companions = new Companions({
      paths: this.paths,
      kernel: this.kernel,
      nowMs: () => this.clock.nowMs(),
      writer: this.writer,
      launchContext: () => ({ ...this.#identity(), inherited }),
      newNonce: () => newNonce(this.#noncePrefix, 'hook'),
      noncePrefix: this.#noncePrefix,
      report: (happening) => this.report(happening),
    });
    this.#records = new ExitRecords(this.paths.runDir, (nonce) => this.#companions.memory.verdictOn(nonce));
    this.#performer = createPerformer({
      mayStart: options.mayStart,
      paths: this.paths,
      writer: this.writer,
      nowMs: () => this.clock.nowMs(),
      outfitter: this.#companions.outfitter,
      records: this.#records,
      launchContext: () => ({ ...this.#identity(), inherited }),
      specOf: (slot) => this.kernel.specOf(slot),
      newNonce: () => newNonce(this.#noncePrefix, 'probe'),
      prepareBounds: (spec, nonce) => this.#companions.memory.prepare(spec, nonce),
      prepare: (id, nonce, spec) => this.#signs.expect(id, nonce, spec),
      isWritten: (queue, except) =>
        occupiedSlots(this.kernel).some((slot) => slot !== except && this.kernel.specOf(slot)?.logQueue === queue),
      forgotten: (id) => this.#signs.forget(id),
      receive: (id, nonce, event) => this.kernel.receive(id, nonce, event),
      report: (happening) => this.report(happening),
    });
    this.#prober = new Prober({
      nowMs: () => this.clock.nowMs(),
      launchContext: () => ({ ...this.#identity(), inherited }),
      newNonce: () => newNonce(this.#noncePrefix, 'probe'),
      receive: (id, nonce, event) => this.kernel.receive(id, nonce, event),
      signs: this.#signs,
    });
  }

  #effects(): ConstructorParameters<typeof Kernel>[0] {
    return {
      nowMs: () => this.clock.nowMs(),
      newNonce: (spec: ServiceSpec) => newNonce(this.#noncePrefix, spec.specHash),
      requestStep: () => this.#turns.request(),
      wakeAt: (atMs) => this.#turns.wakeAt(atMs),
      save: (state) => this.#state.save(state),
      saveSoon: () => this.#state.saveSoon(() => this.kernel.state()),
      start: (slot, spec, nonce) => {
        if (!this.#turns.isFrozen) this.#performer.start(slot, spec, nonce);
      },
      stop: (slot) => this.#performer.stop(slot),
      drain: (slot) => this.#performer.drain(slot),
      escalate: (slot, signal) => this.#performer.escalate(slot, signal),
      kill: (slot) => this.#performer.kill(slot),
      clear: (slot) => this.#performer.clear(slot),
      abandon: (slot) => this.#performer.abandon(slot),
      forget: (slot) => this.#performer.forget(slot),
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
    await takeOverRunning(this.#heir(), accepted);
    this.apply(accepted, only);
    await this.#resumeInputs();
  }

  #heir(): Heir {
    const { paths, clock, kernel } = this;
    const report = (happening: Happening): void => this.report(happening);
    const records = this.#records;
    return { paths, clock, kernel, noncePrefix: this.#noncePrefix, performer: this.#performer, records, report };
  }

  /** The log writer knows the queues by now. */
  async #resumeInputs(): Promise<void> {
    for (const slot of this.kernel.slots.values()) {
      const spec = slot.phase.kind === 'alive' ? this.kernel.specOf(slot) : null;
      if (spec) await this.#companions.outfitter.resume(slot, spec).catch((error) => this.#inputLost(slot.id, error));
    }
  }

  #inputLost(instance: InstanceId, error: unknown): void {
    const message = `The input of ${instance} could not be opened: ${errorText(error)}`;
    this.report({ type: 'input_failed', instance, message, details: {} });
  }

  /** Begins to act. */
  begin(): void {
    this.#turns.begin();
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
      onLoaded: (result) => this.#loaded(result),
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
    this.#companions.apply(accepted.config.services);
    // Before the step that was just asked for starts anything: what is only due by an old schedule is not.
    this.#companions.sync();
    this.#follower?.follow(accepted.watched);
    const queues = new Map(accepted.config.services.map(({ name, logQueue }) => [name as string, logQueue]));
    this.#performer.route((id) => queues.get(id.slice(0, id.lastIndexOf('.'))) ?? null);
    if (only && only.length > 0) {
      const chosen = withDependencies(only, this.kernel.desired.services);
      this.kernel.override(selectServices(this.kernel.overrides, this.kernel.desired.services.keys(), chosen));
    }
  }

  /** A client has loaded its configuration from this file: from now on it is the one that is read and watched. */
  readFrom(file: string): void {
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

  #loaded(result: LoadResult): void {
    if (result.ok) this.apply(result.accepted, null);
    else this.kernel.rejectConfig(result.problems);
  }

  report(happening: Happening): void {
    this.events.record(happening, this.clock.nowMs());
    this.#companions.follow(happening);
  }

  /** Called after each turn of the loop. @returns the function that ends the subscription. */
  onStep(listener: () => void): () => void {
    return this.#turns.onTurn(listener);
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
      usage: this.#figures.sample(),
      supervisor: this.#figures.own(),
      heldUpBy: (id) => this.#performer.heldUpBy(id),
      memoryBoundOf: (slot) => this.#companions.memory.statusOf(slot),
      logQueues,
    });
  }

  explain(name: string): Explanation[] {
    const notesOf = (slot: Slot): string[] => {
      const bound = this.#companions.memory.statusOf(slot);
      return bound ? [memoryNote(bound)] : [];
    };
    const heldUpBy = (id: InstanceId) => this.#performer.heldUpBy(id);
    return explanationsOf(this.kernel, name, this.clock.nowMs(), { heldUpBy, notesOf });
  }

  #identity(): { project: string; env: string | null; root: string } {
    const { project, env, root } = this.kernel.accepted!.config;
    return { project, env, root };
  }

  /**
   * Ends what is left after the kernel stopped everything: escaped processes, the log writer, our files.
   * @returns what could not be ended.
   */
  async finish(): Promise<Leftover[]> {
    this.#turns.stopLooking();
    this.#prober.stop();
    await this.#follower?.close();
    await this.#relay.close();
    await this.#companions.close();
    const strays = await endStrays(this.#noncePrefix);
    const leftovers = [...this.#givenUp, ...strays.filter(({ pid }) => !this.#givenUp.some((one) => one.pid === pid))];
    // Nobody is left to read.
    for (const { name, sink } of this.kernel.accepted?.config.logQueues ?? []) {
      if (sink) void this.writer.closeSink(name, sink, 0);
    }
    await this.writer.shutdown(WRITER_SHUTDOWN_MS).catch(() => undefined); // it is gone, which was the aim
    await this.#state.close();
    this.#turns.freeze();
    await this.events.flush();
    if (leftovers.length === 0) {
      this.#companions.leave();
      rmSync(this.paths.stateFile, { force: true });
      rmSync(this.paths.fifoDir, { recursive: true, force: true });
      this.#records.clear();
    }
    return leftovers;
  }

  /** They cannot be ended. What is remembered of them stays on disk, so that the next supervisor knows that they live. */
  async giveUp(stuck: Parameters<typeof leftoverOf>[0][]): Promise<void> {
    this.#givenUp.push(...stuck.map(leftoverOf));
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
    this.#turns.freeze();
    this.#prober.stop();
    this.#performer.dropStarts();
  }

  /**
   * Leaves everything to the next supervisor, which may be of another version: what runs goes on, its output waits in the
   * FIFOs. The caller has only to leave.
   *
   * @returns false where everything is to stop: then nobody is to come, and all goes on as before; or it was asked for twice.
   */
  async handOver(): Promise<boolean> {
    // The writer goes on, and the next supervisor meets it: whatever ends until then is read while somebody holds its FIFO.
    if (!this.kernel.desired.shuttingDown) await this.writer.told(WRITER_TOLD_MS);
    if (this.kernel.desired.shuttingDown || this.#isHandedOver) return false;
    this.#isHandedOver = true;
    this.writer.close();
    await this.#relay.leave();
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
  legacy(): FirstMessage {
    const { accepted, desired } = this.kernel;
    return {
      accepted: desired.shuttingDown ? null : (accepted ?? this.#options.accepted),
      only: null,
      file: this.#file,
    };
  }

  reportFaults(faults: readonly Fault[]): void {
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

  #turn(): void {
    this.kernel.step();
    this.#companions.sync();
    this.#prober.sync(this.kernel.slots, (slot) => this.kernel.specOf(slot));
    this.#figures.trimSoon();
  }

  #look(): number {
    this.#companions.sync();
    return lookForLostExits(this.kernel, this.#records, this.clock.nowMs());
  }
}
