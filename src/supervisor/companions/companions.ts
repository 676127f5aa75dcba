// What goes along with the instances besides the kernel: held sockets, schedules, hooks, bounds, watches. Each is level-triggered and decides
// nothing; here they are only put together, so that the supervisor has one thing to keep in step.
import type { ProjectPaths } from '../../api/paths.ts';
import type { InstanceEvent, InstanceId, ServiceSpec, Slot } from '../../core/model.ts';
import type { LogWriterClient } from '../../logs/client.ts';
import type { Happening } from '../happenings.ts';
import type { Kernel } from '../kernel.ts';
import { Outfitter } from '../perform/equipment.ts';
import type { LaunchContext } from '../perform/launch.ts';
import { kernelGround, MemoryWalls } from '../perform/memory-walls.ts';
import { SocketTable } from '../perform/socket-table.ts';
import { FileWatches } from './file-watches.ts';
import { HookRunner } from './hooks.ts';
import { MemoryGuard } from './memory-guard.ts';
import { Scheduler } from './scheduler.ts';

export type CompanionOptions = {
  paths: ProjectPaths;
  launchContext(): LaunchContext;
  newNonce(): string;
  noncePrefix: string;
  kernel: Kernel;
  nowMs(): number;
  writer: LogWriterClient;
  report(happening: Happening): void;
};

/** What the hooks of the last ends may still take. */
const LAST_HOOKS_MS = 5_000;

const UNKEPT = 'The held sockets would not survive the end of the supervisor';

export class Companions {
  readonly outfitter: Outfitter;
  #sockets: SocketTable;
  #hooks: HookRunner;
  readonly memory: MemoryGuard;
  #walls: MemoryWalls;
  #watches: FileWatches;
  #options: CompanionOptions;
  #scheduler: Scheduler;

  constructor(options: CompanionOptions) {
    const { kernel, nowMs, report } = options;
    this.#options = options;
    const receive = (id: InstanceId, nonce: string | null, event: InstanceEvent): void =>
      kernel.receive(id, nonce, event);
    const slotOf = (id: InstanceId) => kernel.slots.get(id);
    const specOf = (slot: Slot) => kernel.specOf(slot);
    const { launchContext, newNonce, paths } = options;
    this.#hooks = new HookRunner({ launchContext, newNonce, slotOf, specOf, report });
    this.#walls = new MemoryWalls(kernelGround(options.noncePrefix));
    this.memory = new MemoryGuard({ slots: () => kernel.slots.values(), specOf, receive, report, walls: this.#walls });
    this.#watches = new FileWatches({
      root: paths.root,
      launchContext,
      newNonce,
      slots: () => kernel.slots.values(),
      receive,
      report,
    });
    this.#sockets = new SocketTable({
      paths,
      onUnkept: (why) => report({ type: 'sockets_unkept', instance: null, message: `${UNKEPT}: ${why}`, details: {} }),
    });
    this.outfitter = new Outfitter(paths, this.#sockets, this.#hooks, options.writer);
    this.#scheduler = new Scheduler({ nowMs, wallMs: () => Date.now(), receive, report });
  }

  /** The configuration changed. */
  apply(services: readonly ServiceSpec[]): void {
    this.#sockets.keep(services);
    this.memory.keep(services);
    this.#watches.keep(services);
  }

  /** Call before the first step of the kernel, after each, and now and then. */
  sync(): void {
    const { kernel } = this.#options;
    this.#scheduler.sync(kernel.desired, kernel.slots);
  }

  /** Something was reported. */
  follow(happening: Happening): void {
    this.#hooks.follow(happening);
  }

  /** Everything is stopped. */
  async close(): Promise<void> {
    this.memory.close();
    this.#watches.close();
    await this.#sockets.close();
    await this.#hooks.finish(LAST_HOOKS_MS);
  }

  /** Nothing of the project lives any more but us. */
  leave(): void {
    this.#walls.leave();
  }
}
