// Carries out the kernel's actions with real processes. Results go back to the kernel as events; nothing here decides
// anything. How an instance starts and how it ends is in the two files of that name.

import type { ProjectPaths } from '../../api/paths.ts';
import type { InstanceEvent, InstanceId, ServiceSpec, Slot } from '../../core/model.ts';
import type { LogWriterClient } from '../../logs/log-writer-client.ts';
import type { EventDraft } from '../kernel/events.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { LaunchContext } from './environment.ts';
import { FileWatches } from './file-watches.ts';
import { HookRunner } from './hooks.ts';
import { InstanceExits, type InstanceExitsOptions } from './instance-exits.ts';
import { InstanceStarts, type InstanceStartsOptions } from './instance-starts.ts';
import { kernelCgroups, MemoryGuard, MemoryLimits } from './memory-guard.ts';
import { type OutputDescriptors, OutputFifos, type OutputSource } from './outputs.ts';
import { Scheduler } from './scheduler.ts';
import { ServiceSockets } from './service-sockets.ts';
import { StartResources } from './start-resources.ts';

export type InstanceProcesses = {
  start(slot: Slot, spec: ServiceSpec, nonce: string): void;
  drain(slot: Slot): void;
  stop(slot: Slot): void;
  escalate(slot: Slot, signal: string): void;
  kill(slot: Slot): void;
  clear(slot: Slot): void;
  abandon(slot: Slot): void;
  forget(slot: Slot): void;
  /** A sentence that says why a start takes so long; null: nothing holds it up. */
  waitReasonOf(id: InstanceId): string | null;
  /** Starts that have not come to their turn never will. */
  abandonStarts(): void;
  /** Opens the descriptors of instances that already run (adopted), so that their output is never without a reader. */
  openOutputs(sources: OutputSource[]): Promise<void>;
  /** What an instance writes is more than its pipe holds. */
  enlargePipe(id: InstanceId, stream: keyof OutputDescriptors): void;
  /** The configuration changed: instances whose queue is another one now write there from here on. */
  route(queueOf: (id: InstanceId) => string | null): void;
};

export type InstanceProcessesOptions = InstanceStartsOptions &
  InstanceExitsOptions & { forgotten(id: InstanceId): void };

export function createInstanceProcesses(options: InstanceProcessesOptions): InstanceProcesses {
  const streams = new OutputFifos(options.paths, options.writer);
  const starts = new InstanceStarts(options, streams);
  const ends = new InstanceExits(options, starts);
  return {
    start: (slot, spec, nonce) => starts.start(slot, spec, nonce),
    drain: (slot) => ends.steps.drain(slot),
    stop: (slot) => ends.steps.stop(slot),
    escalate: (slot, signal) => ends.steps.signal(slot, signal),
    kill: (slot) => ends.kill(slot),
    clear: (slot) => ends.clear(slot),
    abandon: (slot) => starts.abandon(slot),
    forget(slot) {
      ends.forget(slot.id);
      options.forgotten(slot.id);
      streams.close(slot.id);
      options.resources.forget(slot.id);
    },
    waitReasonOf: (id) => starts.waitReasonOf(id),
    abandonStarts: () => starts.abandonAll(),
    openOutputs: (sources) => streams.open(sources),
    enlargePipe: (id, stream) => streams.enlargePipe(id, stream),
    route: (queueOf) => streams.route(queueOf),
  };
}

// What goes along with the instances besides the kernel: held sockets, schedules, hooks, bounds, watches. Each is level-triggered and decides
// nothing; here they are only put together, so that the supervisor has one thing to keep in step.

type InstanceControllersOptions = {
  paths: ProjectPaths;
  launchContext(): LaunchContext;
  newNonce(): string;
  noncePrefix: string;
  kernel: Kernel;
  nowMs(): number;
  writer: LogWriterClient;
  report(happening: EventDraft): void;
};

/** What the hooks of the last ends may still take. */
const LAST_HOOKS_MS = 5_000;

const SOCKETS_NOT_KEPT = 'The held sockets would not survive the end of the supervisor';

export class InstanceControllers {
  readonly resources: StartResources;
  #sockets: ServiceSockets;
  #hooks: HookRunner;
  readonly memory: MemoryGuard;
  #memoryLimits: MemoryLimits;
  #watches: FileWatches;
  #options: InstanceControllersOptions;
  #scheduler: Scheduler;

  constructor(options: InstanceControllersOptions) {
    const { kernel, nowMs, report } = options;
    this.#options = options;
    const receive = (id: InstanceId, nonce: string | null, event: InstanceEvent): void =>
      kernel.receive(id, nonce, event);
    const slotOf = (id: InstanceId) => kernel.slots.get(id);
    const specOf = (slot: Slot) => kernel.specOf(slot);
    const { launchContext, newNonce, paths } = options;
    this.#hooks = new HookRunner({ launchContext, newNonce, slotOf, specOf, report });
    this.#memoryLimits = new MemoryLimits(kernelCgroups(options.noncePrefix));
    this.memory = new MemoryGuard({
      slots: () => kernel.slots.values(),
      specOf,
      receive,
      report,
      limits: this.#memoryLimits,
    });
    this.#watches = new FileWatches({
      root: paths.root,
      launchContext,
      newNonce,
      slots: () => kernel.slots.values(),
      receive,
      report,
    });
    this.#sockets = new ServiceSockets({
      paths,
      onNotKept: (why) =>
        report({ type: 'sockets_unkept', instance: null, message: `${SOCKETS_NOT_KEPT}: ${why}`, details: {} }),
    });
    this.resources = new StartResources(paths, this.#sockets, this.#hooks, options.writer);
    this.#scheduler = new Scheduler({ nowMs, wallMs: () => Date.now(), receive, report });
  }

  /** The configuration changed. */
  configure(services: readonly ServiceSpec[]): void {
    this.#sockets.configure(services);
    this.memory.configure(services);
    this.#watches.configure(services);
  }

  /** Call before the first step of the kernel, after each, and now and then. */
  sync(): void {
    const { kernel } = this.#options;
    this.#scheduler.sync(kernel.desired, kernel.slots);
  }

  /** Something was reported. */
  follow(happening: EventDraft): void {
    this.#hooks.runAfter(happening);
  }

  /** Everything is stopped. */
  async close(): Promise<void> {
    this.memory.close();
    this.#watches.close();
    await this.#sockets.close();
    await this.#hooks.finish(LAST_HOOKS_MS);
  }

  /** Nothing of the project lives any more but us. */
  releaseCgroups(): void {
    this.#memoryLimits.release();
  }
}
