// The processes of all instances and what accompanies them: outputs, sockets, hooks, memory limits, watches, schedules,
// probes. Carries out what the kernel decides and sends results to its inbox; decides nothing.
import type { ProbeHistory } from '../../api/protocol-inspect.ts';
import type { AliveSlot, EndingSlot, Slot } from '../../core/slot.ts';
import { type InstanceId, type ProjectConfig, type ServiceName, type ServiceSpec, serviceOf } from '../../core/spec.ts';
import type { LogWriterClient } from '../../logs/log-writer-client.ts';
import type { WriterEvent } from '../../logs/writer-protocol.ts';
import { errorText } from '../../os/errors.ts';
import { NotifyRelay } from '../../os/sockets/notify-relay.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import { CommandOutputs } from './command-outputs.ts';
import { EarlierListeners } from './earlier-listeners.ts';
import { ExitRecords } from './exit-records.ts';
import { FileWatches } from './file-watches.ts';
import { HookRunner } from './hooks.ts';
import { InstanceExits } from './instance-exits.ts';
import { InstanceStarts } from './instance-starts.ts';
import { IpcChannels } from './ipc-channels.ts';
import { LogQueueFaults } from './log-queue-faults.ts';
import { LostExits } from './lost-exits.ts';
import { MemoryGuard, MemoryLimits } from './memory-guard.ts';
import { OutputFifos, type OutputSource, streamQueuesOf } from './outputs.ts';
import { OwnAnswers } from './own-answers.ts';
import { PortConflicts } from './port-conflicts.ts';
import { Prober } from './prober.ts';
import { ReadinessSignals } from './readiness-signals.ts';
import { Reloads } from './reloads.ts';
import { RestartTimes } from './restart-times.ts';
import { Scheduler } from './scheduler.ts';
import { ServiceSockets } from './service-sockets.ts';
import { StartResources } from './start-resources.ts';
import type { StopSteps } from './stop-steps.ts';

/** The hooks of the last exits may take this long. */
const LAST_HOOKS_MS = 5_000;

export class Instances {
  readonly memory: MemoryGuard;
  readonly records: ExitRecords;
  readonly hooks: HookRunner;
  readonly reloads: Reloads;
  readonly logFaults = new LogQueueFaults();
  #signals: ReadinessSignals;
  #earlier = new EarlierListeners();
  #conflicts: PortConflicts;
  #context: SupervisorContext;
  #memoryLimits: MemoryLimits;
  #relay: NotifyRelay;
  #channels: IpcChannels;
  #outputs: OutputFifos;
  #sockets: ServiceSockets;
  #resources: StartResources;
  #watches: FileWatches;
  #scheduler: Scheduler;
  #restartTimes: RestartTimes;
  #prober: Prober;
  #starts: InstanceStarts;
  #exits: InstanceExits;
  #lostExits: LostExits;

  /** @param mayStart false: another supervisor has the project, or may have */
  constructor(context: SupervisorContext, writer: LogWriterClient, mayStart: () => boolean) {
    this.#context = context;
    this.#memoryLimits = new MemoryLimits(context.nonces.prefix);
    this.memory = new MemoryGuard(context, this.#memoryLimits);
    this.records = new ExitRecords(context.paths.runDir, this.memory);
    this.#lostExits = new LostExits(context, this.records);
    const commandOutputs = new CommandOutputs(context.paths, writer);
    this.hooks = new HookRunner(context, commandOutputs);
    this.#relay = new NotifyRelay(context.paths.socketDir);
    this.#channels = new IpcChannels(context, (id) => this.#prober.nudge(id));
    const sources = { writer, relay: this.#relay, channels: this.#channels };
    this.#signals = new ReadinessSignals(context, sources, (id) => this.#prober.nudge(id));
    const answers = new OwnAnswers(context, this.#earlier);
    this.#conflicts = new PortConflicts(context, this.#earlier);
    this.#prober = new Prober(context, this.#signals, answers);
    this.#outputs = new OutputFifos(context.paths, writer);
    this.#sockets = new ServiceSockets(context);
    this.#resources = new StartResources(context.paths, this.#sockets, this.hooks, writer);
    this.reloads = new Reloads(context, commandOutputs, (process, signal) =>
      this.stopSteps.signalProgram(process, signal),
    );
    this.#watches = new FileWatches(context, commandOutputs, (service) => this.reloads.reloadAll(service));
    this.#scheduler = new Scheduler(context);
    this.#restartTimes = new RestartTimes(context);
    const { memory, records } = this;
    const [earlier, conflicts] = [this.#earlier, this.#conflicts];
    const parts = {
      earlier,
      outputs: this.#outputs,
      resources: this.#resources,
      records,
      signals: this.#signals,
      channels: this.#channels,
      memory,
      mayStart,
      onBatch: () => writer.start(),
    };
    this.#starts = new InstanceStarts(context, parts);
    const resources = this.#resources;
    const channels = this.#channels;
    const exitParts = {
      starts: this.#starts,
      writer,
      resources,
      records,
      answers,
      conflicts,
      commandOutputs,
      channels,
    };
    this.#exits = new InstanceExits(context, exitParts);
  }

  start(slot: Slot, spec: ServiceSpec, nonce: string): void {
    this.#starts.start(slot, spec, nonce);
  }

  abandon(slot: Slot): void {
    this.#starts.abandon(slot);
  }

  /** Drains, stop commands and signals. */
  get stopSteps(): StopSteps {
    return this.#exits.steps;
  }

  kill(slot: EndingSlot): void {
    this.#exits.kill(slot);
  }

  clear(slot: EndingSlot): void {
    this.#exits.clear(slot);
  }

  forget({ id }: Slot): void {
    this.#exits.forget(id);
    this.#signals.forget(id);
    this.#channels.forget(id);
    this.#earlier.forget(id);
    this.#conflicts.forget(id);
    this.#outputs.close(id);
    this.#resources.forget(id);
    this.hooks.forget(id);
  }

  /** @returns a sentence that says why a start takes so long; null: nothing holds it up. */
  waitReasonOf(id: InstanceId): string | null {
    return this.#starts.waitReasonOf(id);
  }

  /** @returns what is not watched as it should be, one sentence each. */
  watchNotesOf(service: ServiceName): string[] {
    return this.#watches.notesOf(service);
  }

  /** `orch pause` and `orch resume`. */
  pauseWatches(isPaused: boolean): void {
    this.#watches.pause(isPaused);
  }

  /** @returns facts about an instance and its service that people should know, one sentence or line of output each. */
  notesOf(spec: Pick<ServiceSpec, 'name' | 'logQueue' | 'stderrQueue'>, id: InstanceId): string[] {
    const fault = this.logFaults.ofService(spec);
    return [...(fault === null ? [] : [fault]), ...this.watchNotesOf(spec.name), ...this.hooks.lastLinesOf(id)];
  }

  /** Opens the outputs of adopted instances, so that they never lack a reader. */
  async openOutputs(sources: OutputSource[]): Promise<void> {
    await this.#outputs.open(sources);
  }

  writerLost(reason: string): void {
    this.logFaults.clear();
    const message = `The log writer was lost (${reason}); a new one is started, producers wait.`;
    this.#context.journal.report({ type: 'log_writer_lost', instance: null, message });
  }

  writerReported({ type, queue, instance, message, details }: WriterEvent): void {
    this.logFaults.note({ type, queue, message });
    const id = instance as InstanceId | null;
    if (id && type === 'line_matched') this.#signals.lineMatched(id, String(details.nonce), String(details.pattern));
    else if (id && type === 'stream_flooded') this.#outputs.enlargePipe(id, details.stream === 'e' ? 'err' : 'out');
    else this.#context.journal.report({ type, instance: id, message, details });
  }

  /** For adopted instances, once the log writer knows the queues. */
  async resumeInputs(): Promise<void> {
    const { specs, journal } = this.#context;
    for (const slot of specs.slots.values()) {
      const spec = slot.phase.kind === 'alive' ? specs.specOf(slot) : null;
      if (!spec) continue;
      await this.#resources.resumeInput(slot, spec).catch((error) => {
        const message = `The input of ${slot.id} could not be opened: ${errorText(error)}`;
        journal.report({ type: 'input_failed', instance: slot.id, message });
      });
    }
  }

  /** The configuration changed, and the kernel has it. */
  configure(config: Pick<ProjectConfig, 'root' | 'services' | 'logQueues'>): void {
    const { services } = config;
    this.logFaults.configure(config.logQueues);
    this.#sockets.configure(services);
    this.memory.configure(services);
    this.#watches.configure(config);
    this.#restartTimes.configure(services);
    // Before the kernel's next step starts anything: a run that is due by the old schedule only must not start.
    this.#scheduler.sync();
    const queues = new Map(services.map((spec) => [spec.name as string, streamQueuesOf(spec)]));
    this.#outputs.route((id) => queues.get(serviceOf(id)) ?? null);
  }

  /** Call after each step of the kernel. */
  afterStep(): void {
    this.#scheduler.sync();
    this.#prober.sync();
    this.#conflicts.sync();
  }

  probesOf(id: InstanceId): ProbeHistory[] {
    return this.#prober.histories.of(id);
  }

  /** Call before the first step, and now and then. @returns in how many milliseconds to call again. */
  poll(): number {
    this.#scheduler.sync();
    return this.#lostExits.poll();
  }

  /** @returns whether the main process is gone; its exit is then received soon. */
  hasEnded({ id, phase }: AliveSlot): boolean {
    return this.#lostExits.check(id, phase.process);
  }

  /** Nothing more is started or probed; running instances are not touched. */
  freeze(): void {
    this.#prober.stop();
    this.#restartTimes.close();
    this.#conflicts.stop();
    this.#starts.abandonAll();
  }

  /** Running instances keep their notify sockets and IPC channels for the next supervisor. */
  async handOver(): Promise<void> {
    await this.#relay.handOver();
    await this.#channels.handOver();
  }

  /** Every instance has stopped. */
  async close(): Promise<void> {
    this.#prober.stop();
    this.#restartTimes.close();
    this.#conflicts.stop();
    await this.#relay.close();
    await this.#channels.close();
    this.memory.close();
    this.#watches.close();
    await this.#sockets.close();
    await this.hooks.finish(LAST_HOOKS_MS);
  }

  /** No process of the project is left but this one: removes cgroups and exit records. */
  cleanUp(): void {
    this.#memoryLimits.releaseAll();
    this.records.clear();
  }
}
